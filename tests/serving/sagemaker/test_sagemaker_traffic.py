"""What CloudWatch counts, as arms."""

from datetime import timedelta
from itertools import pairwise

import pytest
from fake_aws import START

from stageline.exceptions import TargetError
from stageline.serving.sagemaker import SageMakerOutage

MINUTE = timedelta(minutes=1)


def counted(aws, variant, **sums):
    """Give a variant's metrics, the same in each of ten minutes."""
    names = {
        "calls": "Invocations",
        "client": "Invocation4XXErrors",
        "server": "Invocation5XXErrors",
        "model": "InvocationModelErrors",
    }
    for name, value in sums.items():
        aws.metrics["bike-demand", variant, names[name]] = {START + number * MINUTE: value for number in range(10)}


def test_calls_and_errors_of_both_arms_are_summed_over_the_minutes(case, aws):
    counted(aws, "champion", calls=90, client=1, server=0, model=1)
    counted(aws, "canary-6", calls=10, client=2, server=1, model=5)
    counted(aws, "canary-4", calls=999)
    head = case.head(canary=2, percent=10, position=7)
    traffic = case.target().observe(head, START, START + 5 * MINUTE)
    assert (traffic.percent, traffic.start, traffic.end) == (10, START, START + 5 * MINUTE)
    assert (traffic.champion.events, dict(traffic.champion.errors)) == (450, {"exception": 5})
    assert (traffic.canary.events, dict(traffic.canary.errors)) == (50, {"exception": 15, "unreachable": 10})


def test_what_is_not_measured_is_empty(case, aws):
    counted(aws, "champion", calls=9)
    counted(aws, "canary-6", calls=1)
    traffic = case.target().observe(case.head(canary=2, percent=10), START, START + 5 * MINUTE)
    for arm in (traffic.champion, traffic.canary):
        assert [len(each) for each in (arm.latency_ms, arm.predictions, arm.losses)] == [0, 0, 0]


def test_no_traffic_is_no_events(case, aws):
    traffic = case.target().observe(case.head(canary=2, percent=10), START, START + 5 * MINUTE)
    assert (traffic.champion.events, traffic.canary.events, traffic.canary.failed) == (0, 0, 0)


def test_stretches_that_follow_one_another_share_no_minute_and_leave_none_out(case, aws):
    counted(aws, "champion", calls=1)
    cuts = [START + timedelta(seconds=seconds) for seconds in (0, 95, 130, 155, 400, 600)]
    target, head = case.target(), case.head(canary=2, percent=10)
    events = [target.observe(head, start, end).champion.events for start, end in pairwise(cuts)]
    assert sum(events) == 10
    assert events[2] == 0, "25 seconds within one minute"


def test_errors_that_arrive_before_their_calls_do_not_outnumber_them(case, aws):
    counted(aws, "champion", calls=0, client=3)
    arm = case.target().observe(case.head(), START, START + MINUTE).champion
    assert (arm.events, arm.failed) == (3, 3)


def test_without_a_canary_its_arm_is_empty(case, aws):
    counted(aws, "champion", calls=7)
    traffic = case.target().observe(case.head(), START, START + MINUTE)
    assert (traffic.champion.events, traffic.canary.events, traffic.percent) == (7, 0, 0)


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_numbers_that_are_not_complete_are_no_numbers(case, aws, status):
    counted(aws, "champion", calls=7)
    aws.metric_status = status
    with pytest.raises(SageMakerOutage, match=r"no complete numbers of endpoint 'bike-demand': 4 of 4 metrics"):
        case.target().observe(case.head(), START, START + MINUTE)


def test_who_may_not_read_the_metrics_is_told(case, aws):
    aws.fail("GetMetricData", "AccessDenied", status=403)
    with pytest.raises(TargetError, match="GetMetricData of endpoint 'bike-demand' is refused: who asks may not"):
        case.target().observe(case.head(), START, START + MINUTE)


def test_a_throttled_cloudwatch_is_an_outage(case, aws):
    aws.fail("GetMetricData", "Throttling", status=400)
    with pytest.raises(SageMakerOutage, match="throttles GetMetricData"):
        case.target().observe(case.head(), START, START + MINUTE)
