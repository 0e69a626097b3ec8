"""Names, plans and guardrails: pure functions."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sagemaker_case import SETTINGS

from stageline.exceptions import TargetError
from stageline.ledger import Canary, Head, ModelVersion
from stageline.serving.sagemaker.claims import LEASE, Claim, Right, own, right
from stageline.serving.sagemaker.compare import Do, compare
from stageline.serving.sagemaker.guardrails import deployment_config
from stageline.serving.sagemaker.names import (
    canary_name,
    claim_name,
    claim_number,
    record_of,
    resource_name,
    short_name,
)
from stageline.serving.sagemaker.wanted import wanted
from stageline.spec.sagemaker_target import Guardrails

PIPELINES = st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True)
VALID = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
HELD = "0a1b2c3d"


def version(number=1):
    return ModelVersion(
        version=number, uri="f", digest=f"sha256:{number:064x}", mlflow_run="r", snapshot=0, dag_run="d/r"
    )


def head(pipeline="bike_demand", position=5, canary=None, percent=5):
    tried = Canary(model=version(canary), percent=percent, sequence=4) if canary else None
    return Head(pipeline=pipeline, generation=1, champion=version(), canary=tried, position=position)


@given(PIPELINES, st.integers(1, 10**17), st.integers(1, 99))
def test_every_name_is_one_that_sagemaker_takes(pipeline, position, number):
    name = claim_name(resource_name(pipeline, position, HELD), number)
    assert len(name) <= 63
    assert VALID.fullmatch(name)
    assert VALID.fullmatch(canary_name(position))


@given(st.lists(PIPELINES, min_size=2, max_size=2, unique=True))
def test_different_pipelines_have_different_names(pipelines):
    assert len({resource_name(pipeline, 5, HELD) for pipeline in pipelines}) == 2


@given(PIPELINES, st.integers(1, 10**6), st.integers(1, 500))
def test_a_claims_number_is_read_from_its_name(pipeline, position, number):
    base = resource_name(pipeline, position, HELD)
    assert claim_number(base, claim_name(base, number)) == number
    assert record_of(short_name(pipeline), claim_name(base, number)) == position
    assert claim_number(base, f"{base}-1") == claim_number(base, f"{base}-02") == claim_number(base, base + "x") == 0


@given(st.integers(1, 99))
def test_the_weights_are_the_percentages(percent):
    plan = wanted(head(canary=2, percent=percent), SETTINGS)
    assert [variant.weight for variant in plan.variants] == [100 - percent, percent]
    assert not any(variant.shadow for variant in plan.variants)


def test_a_head_is_planned_the_same_each_time_and_weights_change_no_name_but_the_records():
    assert wanted(head(), SETTINGS) == wanted(head(), SETTINGS)
    five, ten = (wanted(head(canary=2, percent=percent), SETTINGS) for percent in (5, 10))
    assert five.name == ten.name
    assert wanted(head(canary=2, percent=0), SETTINGS).name != five.name


def test_nothing_released_is_nothing_to_serve():
    with pytest.raises(TargetError, match="no model was ever released"):
        wanted(Head(pipeline="bike_demand"), SETTINGS)


def test_a_canary_that_is_the_champion_again_needs_one_model():
    assert len(wanted(head(canary=1), SETTINGS).models) == 1


def test_where_there_is_no_endpoint_one_is_created():
    assert compare(wanted(head(), SETTINGS), None, None).do is Do.CREATE


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def claim(number, seen="a", age=timedelta()):
    return Claim(claim_name("bikes-5-0a1b2c3d", number), NOW - age, seen)


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ([], Right.FREE),
        ([claim(1)], Right.HELD),
        ([claim(1, age=LEASE)], Right.FREE),
        ([claim(1, age=LEASE), claim(2)], Right.HELD),
        ([claim(1, seen="before")], Right.SPENT),
        ([claim(1, seen="before", age=LEASE), claim(2)], Right.SPENT),
        ([claim(1, seen="before", age=10 * LEASE)], Right.SPENT),
    ],
)
def test_who_may_ask_for_an_update(claims, may):
    assert right(claims, modified="a", now=NOW) is may


def test_a_claim_of_another_record_is_waited_for_but_its_use_is_none_of_ours():
    assert right([], [claim(1, seen="before")], modified="a", now=NOW) is Right.HELD
    assert right([], [claim(1, seen="before", age=LEASE)], modified="a", now=NOW) is Right.FREE


@pytest.mark.parametrize("name", ["bikes-5", "bikes-x-0a1b2c3d", "bikes-big-5-0a1b2c3d", "other-5-0a1b2c3d"])
def test_what_is_no_configuration_of_the_pipeline_is_none_of_its_records(name):
    assert record_of("bikes", name) == 0


def test_claims_to_other_configurations_are_passed_over():
    others = [Claim("bikes-6-0a1b2c3d", NOW, "a"), claim(10), claim(2), Claim("bikes-5-0a1b2c3d-x", NOW, "a")]
    assert [each.name[-3:] for each in own(others, "bikes-5-0a1b2c3d")] == ["d-2", "-10"]


@pytest.mark.parametrize("policy", ["all_at_once", "canary", "linear", "rolling"])
def test_a_policy_holds_where_the_variants_stay(policy):
    one = wanted(head(), SETTINGS).variants
    config = deployment_config(Guardrails(policy=policy), one, one)
    assert "AutoRollbackConfiguration" not in config
    if policy == "rolling":
        assert config["RollingUpdatePolicy"]["MaximumBatchSize"] == {"Type": "CAPACITY_PERCENT", "Value": 50}
    else:
        assert config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == policy.upper()


@pytest.mark.parametrize("policy", ["canary", "linear", "rolling"])
def test_variants_that_change_are_replaced_all_at_once_with_the_alarms(policy):
    one, two = (wanted(each, SETTINGS).variants for each in (head(), head(canary=2)))
    config = deployment_config(Guardrails(policy=policy, alarms=("a",)), one, two)
    assert config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    assert config["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "a"}]}


def test_two_variants_are_not_updated_in_batches():
    two = wanted(head(canary=2), SETTINGS).variants
    assert "RollingUpdatePolicy" not in deployment_config(Guardrails(policy="rolling"), two, two)
