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


def test_an_ab_test_needs_to_find_outcomes_by_key(refusal, production):
    sagemaker = production.replace("target: batch", f"target: sagemaker, {CAPTURED}", 1)
    (line,) = refusal(sagemaker.replace("steps", AB_TEST, 1))
    assert "release.rollout.ab_test: 'sagemaker' does not tell which row an answer is for" in line
