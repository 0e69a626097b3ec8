"""What a spec may say of its releases, and what clashes."""

import pytest

SAGEMAKER = (
    "sagemaker: {endpoint: e, region: eu-central-1, role: 'arn:aws:iam::123456789012:role/r', image: i, "
    "archives: 's3://bucket/a', champion: {instance_type: ml.m5.large}}"
)
CAPTURED = SAGEMAKER[:-1] + ", capture: {uri: 's3://bucket/c'}}"
BY_LATENCY = "metrics: [{metric: latency}], steps"
BY_KPI = "metrics: [{metric: kpi}], steps"
BY_ERRORS = "metrics: [{metric: error_rate}], steps"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approvers: [model]", "approvers: [model], approvals: 2", "2 approvals of 1 people can never come"),
        ("target: batch", "target: batch, http: {}", "release.http: does not belong to target 'batch'"),
        ("target: batch", "target: sagemaker", "release.sagemaker: missing; target 'sagemaker' needs it"),
        (
            "steps",
            BY_LATENCY,
            "'latency' is not measured by target 'batch': every step would be undone at its deadline",
        ),
    ],
)
def test_what_clashes_is_refused(refusal, production, old, new, said):
    (line,) = refusal(production.replace(old, new, 1))
    assert said in line


@pytest.mark.parametrize(
    ("section", "metrics", "said"),
    [
        (SAGEMAKER, "steps", "'predictions' is not measured by target 'sagemaker'"),
        (CAPTURED, BY_KPI, "'kpi' is not measured by target 'sagemaker'"),
        (CAPTURED, BY_LATENCY, "'latency' is not measured by target 'sagemaker'"),
    ],
)
def test_sagemaker_is_not_judged_by_what_it_does_not_tell(refusal, production, section, metrics, said):
    (line,) = refusal(
        production.replace("target: batch", f"target: sagemaker, {section}", 1).replace("steps", metrics, 1)
    )
    assert said in line


@pytest.mark.parametrize(("section", "metrics"), [(SAGEMAKER, BY_ERRORS), (CAPTURED, "steps")])
def test_sagemaker_is_judged_by_what_it_tells(load, production, section, metrics):
    spec = load(
        production.replace("target: batch", f"target: sagemaker, {section}", 1).replace("steps", metrics, 1)
    ).spec
    assert spec.release.sagemaker.endpoint == "e"


def test_servers_answer_where_the_spec_says(load, production):
    spec = load(production.replace("target: batch", "target: http, http: {urls: ['http://127.0.0.1:9000']}", 1)).spec
    assert spec.release.http.urls == ("http://127.0.0.1:9000",)


AB_TEST = "ab_test: {duration: P14D, effect: 0.02, outcome: {column: booked, kind: rate}}, steps"


def test_an_ab_test_is_part_of_a_rollout(load, production):
    test = load(production.replace("steps", AB_TEST, 1)).spec.release.rollout.ab_test
    assert (test.outcome.column, test.no_difference, test.more_is_better) == ("booked", "keep", True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.02", "1", "ab_test.effect: 1 of a rate is 100 points, and rates differ by less than 100"),
        ("rate}", "rate, delay: P14D}", "ab_test.outcome.delay: outcome.delay is P14D, and the test over after P14D"),
        (
            "P14D",
            "P1D",
            "ab_test.duration: target.label_delay, the default of outcome.delay, is P1D, and the test over after P1D",
        ),
    ],
)
def test_a_test_that_can_never_end_well_is_refused(refusal, production, old, new, said):
    (line,) = refusal(production.replace("steps", AB_TEST.replace(old, new), 1))
    assert f"release.rollout.{said}" in line


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.02, outcome: {column: booked, kind: rate", "2, outcome: {column: sold, kind: mean"),
     ("rate}", "rate, delay: P30D, arrived: at}"), ("rate}", "rate, delay: P13D}")],
    ids=["twice as much", "its own times", "in time"],
)  # fmt: skip
def test_a_test_that_may_end_well_is_none_of_these(load, production, old, new):
    assert old in AB_TEST
    assert load(production.replace("steps", AB_TEST.replace(old, new), 1)).spec.release.rollout.ab_test is not None


def test_labels_that_come_after_every_deadline_judge_nothing(refusal, load, production):
    late = production.replace("steps", BY_KPI, 1).replace("deadline: P1D", "deadline: PT23H")
    (line,) = refusal(late)
    assert (
        "release.rollout.metrics.0: 'kpi' needs labels, which come target.label_delay = P1D after the event: by the "
        "deadline of a step, PT23H, nothing is known, and the rollout is undone"
    ) in line
    in_time = (late.replace("PT23H", "P1D"), late.replace("drift:", "labels: {uri: l.csv, arrived: at}, drift:"))
    assert all(load(spec).spec.release.rollout for spec in in_time)


def test_an_ab_test_needs_to_find_outcomes_by_key(refusal, production):
    sagemaker = production.replace("target: batch", f"target: sagemaker, {CAPTURED}", 1)
    (line,) = refusal(sagemaker.replace("steps", AB_TEST, 1))
    assert "release.rollout.ab_test: 'sagemaker' does not tell which row an answer is for" in line
