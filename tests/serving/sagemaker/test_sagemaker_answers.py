"""What the models said, from data capture."""

import base64
import json
from datetime import timedelta

import pytest
from fake_aws import START
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_case import SETTINGS

from stageline.exceptions import TargetError
from stageline.serving.class_codes import code_of
from stageline.serving.sagemaker import SageMakerOutage
from stageline.serving.sagemaker.answers import Said
from stageline.spec.sagemaker_target import Capture

CAPTURING = SETTINGS.model_copy(update={"capture": Capture(uri="s3://captured/bikes")})
HOUR = timedelta(hours=1)


def line(data, *, at=START, encoding="JSON"):
    output = {"observedContentType": "application/json", "mode": "OUTPUT", "data": data, "encoding": encoding}
    metadata = {"eventId": "e", "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%S}Z"}
    return json.dumps({"captureData": {"endpointOutput": output}, "eventMetadata": metadata, "eventVersion": "0"})


def captured(aws, variant, *lines, at=START, name="a"):
    key = f"/captured/bikes/bike-demand/{variant}/{at:%Y/%m/%d/%H}/{name}.jsonl"
    aws.objects[key] = {"data": "\n".join(lines).encode(), "sha256": ""}


def said(*answers):
    found = Said()
    for encoding, data in answers:
        found.add({"data": data, "encoding": encoding})
    return found.values, dict(found.errors)


def observed(case, start=START, end=START + HOUR):
    return case.target(CAPTURING).observe(case.head(canary=2, percent=10, position=7), start, end)


def test_the_endpoint_is_asked_to_capture_answers_and_no_requests(case, aws):
    target = case.target(CAPTURING)
    target.converge(case.head())
    aws.settle()
    assert target.converge(case.head()).pending == ""
    (config,) = aws.configs.values()
    assert config["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Output"}]
    assert case.target().converge(case.head()).pending.startswith("the update to"), "to switch it off is an update"
    aws.settle()
    assert case.target().converge(case.head()).pending == ""
    assert len(aws.updates) == 1


def test_predictions_of_both_arms_are_read_over_hours_and_pages(case, aws):
    captured(aws, "champion", line('{"predictions": [1.5, 2]}'), line('{"predictions": [3]}'))
    captured(aws, "champion", line('{"predictions": [4]}'), name="b")
    captured(aws, "champion", line('{"predictions": [5]}', at=START + HOUR), at=START + HOUR)
    captured(aws, "canary-6", line("[7]"), line("8.5\n9\n", encoding="CSV"))
    captured(aws, "canary-4", line("[999]"))
    traffic = observed(case, end=START + 2 * HOUR)
    assert traffic.champion.predictions.tolist() == [1.5, 2, 3, 4, 5]
    assert traffic.canary.predictions.tolist() == [7, 8.5, 9]


def test_only_what_was_answered_in_the_stretch_counts(case, aws):
    moments = [START + timedelta(minutes=minute) for minute in (-1, 0, 29, 30, 31)]
    captured(aws, "champion", *(line(f"[{at.minute}]", at=at) for at in moments))
    assert observed(case, end=START + timedelta(minutes=30)).champion.predictions.tolist() == [0, 29]


def test_answers_that_are_none_are_errors_beside_those_that_cloudwatch_counts(case, aws):
    aws.metrics["bike-demand", "canary-6", "Invocations"] = {START: 10}
    aws.metrics["bike-demand", "canary-6", "Invocation4XXErrors"] = {START: 1}
    bad = ['{"predictions": [NaN]}', '{"predictions": [1, Infinity]}', '{"predictions": [null]}', '{"predictions": 3}']
    captured(aws, "canary-6", *(line(each) for each in bad), line('{"predictions": [2]}'))
    canary = observed(case).canary
    assert (canary.events, dict(canary.errors)) == (10, {"exception": 1, "not_finite": 3, "wrong_shape": 1})
    assert canary.predictions.tolist() == [2]


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        (("JSON", '{"predictions": [1, 2.5, true]}'), [1, 2.5, 1]),
        (("JSON", "[3]"), [3]),
        (("CSV", "1,2\n3"), [1, 2, 3]),
        (("BASE64", base64.b64encode(b"[4]").decode()), [4]),
    ],
)
def test_answers_of_both_containers_are_read(answer, values):
    assert said(answer) == (values, {})


@pytest.mark.parametrize(
    "answer",
    [
        ("JSON", "{"), ("JSON", ""), ("JSON", "{}"), ("JSON", "[]"), ("JSON", "[[1]]"), ("JSON", '"x"'),
        ("JSON", '[{"a": 1}]'), ("CSV", ""), ("BASE64", "?"), ("BASE64", base64.b64encode(b"\xff").decode()),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error(answer):
    assert said(answer) == ([], {"wrong_shape": 1})


@given(st.lists(st.text(max_size=8), max_size=5))
def test_a_class_has_the_same_code_wherever_it_is_read(labels):
    once, again = (said(*(("JSON", json.dumps([label])) for label in labels)) for _ in range(2))
    assert once == again
    assert (len(once[0]), once[1]) == (len(labels), {})


def test_different_classes_have_different_codes():
    values, errors = said(("JSON", '["north", "south", "north"]'))
    assert errors == {}
    assert values[0] == values[2] != values[1]


def test_classes_are_whole_numbers_and_numbers_are_not(case, aws):
    captured(aws, "champion", line('["north", "south"]'), line("north\nsouth\n", encoding="CSV"))
    captured(aws, "canary-6", line("[3.0]"), line("3.0\n4.5\n", encoding="CSV"))
    traffic = observed(case)
    champion = traffic.champion.predictions
    assert (champion.dtype.kind, champion.tolist()) == ("i", [code_of("north"), code_of("south")] * 2)
    assert traffic.canary.predictions.dtype.kind == "f"
    captured(aws, "canary-6", line("1\n0\n", encoding="CSV"), line("[0, true]"))
    assert (observed(case).canary.predictions.dtype.kind, observed(case).canary.predictions.tolist()) == (
        "i", [1, 0, 0, 1]
    )  # fmt: skip


def test_so_many_answers_are_read_and_no_more(case, aws, monkeypatch):
    from stageline.serving.sagemaker import answers

    monkeypatch.setattr(answers, "_MOST_ANSWERS", 3)
    captured(aws, "champion", *(line(f"[{number}]") for number in range(9)))
    assert observed(case).champion.predictions.tolist() == [0, 1, 2]


def test_a_line_of_another_hand_is_named(case, aws):
    captured(aws, "champion", "not json")
    with pytest.raises(TargetError, match=r"'s3://captured/.*/a.jsonl' holds a line .* look at who writes to"):
        observed(case)


@pytest.mark.parametrize("call", ["ListObjectsV2", "GetObject"])
def test_where_s3_cannot_tell_nothing_is_made_up(case, aws, call):
    captured(aws, "champion", line("[1]"))
    aws.fail(call, "SlowDown", status=503)
    with pytest.raises(SageMakerOutage, match=f"throttles {call}"):
        observed(case)
    aws.fail(call, "AccessDenied", status=403)
    with pytest.raises(TargetError, match=f"allow {call} on it"):
        observed(case)
