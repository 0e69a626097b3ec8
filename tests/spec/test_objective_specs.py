"""Objectives and costs of errors: what they may say together with the rest of a spec."""

from datetime import timedelta

import pytest

FRESH = "{sli: freshness, target: 0.99, max_age: PT2H}"
CLASSES = """\
pipeline: wine
stage: poc
source: {uri: sklearn://wine, event_time: at, keys: [id]}
target: {column: target, task: classification}
train: {estimator: sklearn.linear_model.LogisticRegression}
kpi: {metric: accuracy_score, min: 0.9}
monitor: {window: P7D, drift: {fail_above: 0.1}}
"""


def test_objectives_are_read_with_their_defaults(load, pilot):
    (kpi, fresh, rows, speed) = load(
        f"{pilot}slo: [{{sli: kpi, target: 0.9, max_error: 80}}, {FRESH}, {{sli: quality, target: 0.999, period: P7D}}, "
        "{sli: latency, target: 0.95, max_latency_ms: 2, min_events: 20}]\n"
    ).spec.slo
    assert (kpi.period, kpi.min_events, kpi.max_error) == (timedelta(days=30), 100, 80)
    assert fresh.max_age == timedelta(hours=2)
    assert (rows.period, speed.min_events, speed.max_latency_ms) == (timedelta(days=7), 20, 2)


def test_a_pipeline_need_not_have_objectives(load, pilot):
    assert load(pilot).spec.slo == ()


@pytest.mark.parametrize(
    ("slo", "says"),
    [
        (f"[{FRESH}, {FRESH}]", ["slo.1.sli: names 'freshness' twice; one objective each"]),
        (
            "[{sli: freshness, target: 0.9}]",
            ["slo.0.max_age: missing; sli 'freshness' needs it: it says which event is good"],
        ),
        ("[{sli: kpi, target: 0.9}]", ["slo.0.max_error: missing; sli 'kpi' needs it: it says which event is good"]),
        ("[{sli: latency, target: 0.9}]", ["slo.0.max_latency_ms: missing; sli 'latency' needs it"]),
        (
            "[{sli: quality, target: 0.9, max_age: PT1H}]",
            ["slo.0.max_age: does not belong to sli 'quality'; leave it out"],
        ),
        (
            "[{sli: latency, target: 0.9, max_age: PT1H, max_latency_ms: 1}]",
            ["slo.0.max_age: does not belong to sli 'latency'; leave it out"],
        ),
        ("[{sli: quality, target: 1}]", ["slo.0.target: found the number 1, expected a number below 1"]),
        ("[{sli: quality, target: 0}]", ["slo.0.target: found the number 0, expected a number above 0"]),
        ("[{sli: quality, target: 0.9, min_events: 0}]", ["slo.0.min_events: found the number 0, expected"]),
        (
            "[{sli: quality, target: 0.9, period: PT12H}]",
            ["slo.0.period: PT12H is shorter than a day: its shortest window, one 8,640th, would be under"],
        ),
        ("[{sli: qality, target: 0.9}]", ["slo.0.sli: found 'qality', allowed: kpi, latency, freshness, quality"]),
    ],
)
def test_objectives_that_cannot_be_judged_are_refused(refusal, pilot, slo, says):
    said = refusal(f"{pilot}slo: {slo}\n")
    assert len(said) == len(says)
    for line, words in zip(said, says, strict=True):
        assert line.startswith(f"bike_demand.yaml:14: {words}"), line


def test_events_that_have_no_time_or_no_key_cannot_be_counted(refusal, pilot):
    said = refusal(f"{pilot}slo: [{FRESH}]\n".replace(", event_time: dteday", ""))
    assert any(
        "slo.0.sli: 'freshness' needs source.event_time: without it no event has a time" in line for line in said
    )
    said = refusal(f"{CLASSES}slo: [{{sli: kpi, target: 0.9}}]\n".replace(", keys: [id]", ""))
    assert said == ["wine.yaml:8: slo.0.sli: 'kpi' needs source.keys: without them nothing tells one row from another"]


def test_objectives_need_the_monitoring_that_counts_their_events(refusal):
    without = "".join(line for line in CLASSES.splitlines(keepends=True) if not line.startswith("monitor"))
    (said,) = refusal(f"{without}slo: [{{sli: kpi, target: 0.9}}]\n")
    assert said.endswith("slo: needs the section 'monitor', whose DAG counts the events")


def test_a_class_is_right_or_wrong_without_a_limit(load, refusal):
    assert load(f"{CLASSES}slo: [{{sli: kpi, target: 0.9}}]\n").spec.slo[0].max_error is None
    (said,) = refusal(f"{CLASSES}slo: [{{sli: kpi, target: 0.9, max_error: 1}}]\n")
    assert said.endswith("slo.0.max_error: does not belong to sli 'kpi' of a classification; leave it out")


@pytest.mark.parametrize(
    ("costs", "says"),
    [
        ("false_negative_cost: 5", "kpi.false_positive_cost: missing beside false_negative_cost; give both, 0 where"),
        ("false_positive_cost: 5", "kpi.false_negative_cost: missing beside false_positive_cost; give both, 0 where"),
        (
            "false_negative_cost: 0, false_positive_cost: 0",
            "kpi.false_negative_cost: is 0, as is the other cost: then nothing is lost by any error; leave both out",
        ),
        ("false_negative_cost: -1, false_positive_cost: 0", "kpi.false_negative_cost: found the number -1, expected"),
    ],
)
def test_costs_that_say_nothing_are_refused(refusal, costs, says):
    (said,) = refusal(CLASSES.replace("min: 0.9", f"min: 0.9, {costs}"))
    assert says in said


def test_one_kind_of_error_may_cost_nothing(load):
    kpi = load(CLASSES.replace("min: 0.9", "min: 0.9, false_negative_cost: 40, false_positive_cost: 0")).spec.kpi
    assert (kpi.false_negative_cost, kpi.false_positive_cost) == (40, 0)


def test_a_number_is_neither_a_false_positive_nor_a_false_negative(refusal, pilot):
    (said,) = refusal(pilot.replace("max: 60", "max: 60, false_negative_cost: 1, false_positive_cost: 1"))
    assert "kpi.false_negative_cost: a regression has no false positives or negatives; give value_per_unit" in said
