"""What a team may write about SageMaker, and what is refused."""

from datetime import timedelta

import pytest
from pydantic import ValidationError
from sagemaker_case import SETTINGS

from stageline.spec.sagemaker_target import SageMaker

WRITTEN = SETTINGS.model_dump(exclude_unset=True)


def test_what_is_left_out_has_defaults():
    least = {name: WRITTEN[name] for name in ("endpoint", "region", "role", "image", "archives")}
    read = SageMaker.model_validate({**least, "champion": {"instance_type": "ml.m5.large"}})
    assert (read.champion.instance_count, read.canary, read.connection) == (1, None, None)
    assert read.guardrails.policy == "canary"
    assert read.guardrails.alarms == ()
    assert read.patience == timedelta(hours=2)


def test_durations_and_lists_are_read_as_in_yaml():
    read = SageMaker.model_validate(
        {**WRITTEN, "patience": "PT6H", "guardrails": {"wait": "PT10M", "alarms": ["a"], "policy": "linear"}}
    )
    assert (read.patience, read.guardrails.wait) == (timedelta(hours=6), timedelta(minutes=10))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"endpoint": "bike_demand"}, "endpoint"),
        ({"endpoint": "-bikes"}, "endpoint"),
        ({"endpoint": "b" * 64}, "endpoint"),
        ({"region": "Frankfurt"}, "region"),
        ({"role": "serving"}, "role"),
        ({"image": "has space"}, "image"),
        ({"archives": "https://models/x"}, "archives"),
        ({"archives": "s3://models/x/"}, "archives"),
        ({"champion": {"instance_type": "m5.large"}}, "instance_type"),
        ({"champion": {"instance_type": "ml.m5.large", "instance_count": 0}}, "instance_count"),
        ({"guardrails": {"step": 60}}, "step"),
        ({"guardrails": {"wait": "PT2H"}}, "wait"),
        ({"guardrails": {"timeout": "PT10M"}}, "PT10M is no longer than wait and keep together"),
        ({"guardrails": {"alarms": [str(number) for number in range(11)]}}, "alarms"),
        ({"patience": "PT1H"}, "an update would be given up midway"),
        ({"environment": {"STAGELINE_MODEL_DIGEST": "x"}}, "set by Stageline itself"),
        ({"environment": {"DB_PASSWORD": "x"}}, "looks like a secret"),
        ({"environment": {"api_key": "x"}}, "looks like a secret"),
        ({"instances": 3}, "instances"),
    ],
)
def test_what_may_not_be_written_is_refused(change, words):
    with pytest.raises(ValidationError, match=words):
        SageMaker.model_validate({**WRITTEN, **change})
