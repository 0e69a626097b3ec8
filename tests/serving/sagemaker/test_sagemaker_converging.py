import pytest
from fake_aws import variants_of
from sagemaker_case import SETTINGS

from stageline.exceptions import TargetError
from stageline.serving.target import Served


def served(case, champion, canary=None, percent=0):
    return Served(case.model(champion).digest, case.model(canary).digest if canary else "", percent)


def running(aws):
    config = aws.configs[aws.endpoints["bike-demand"]["EndpointConfigName"]]
    return {
        variant["VariantName"]: (variant["InitialVariantWeight"], variant["InitialInstanceCount"], shadow)
        for variant, shadow in variants_of(config)
    }


def test_the_first_release_creates_the_endpoint_once(case, aws):
    target = case.target()
    first = target.converge(case.head())
    assert first.champion == ""
    assert first.pending.startswith("the endpoint is being created with bike-demand-5-")
    assert target.converge(case.head()).pending == f"it is being created with {aws.creations[0]}"
    aws.settle()
    assert target.converge(case.head()) == target.served() == served(case, 1)
    assert target.converge(case.head()).fault(case.head()) == ""
    assert (len(aws.creations), len(aws.updates), case.fetched) == (1, 0, [1])
    assert running(aws) == {"champion": (100.0, 2, False)}


def test_a_rollout_goes_from_shadow_to_weights_to_champion(case, aws):
    case.serving(case.head())
    shadow = case.head(canary=2, percent=0, position=6)
    assert case.serving(shadow) == served(case, 1, 2, 0)
    assert shadow.canary is not None
    assert running(aws) == {"champion": (100.0, 2, False), "canary-6": (100.0, 1, True)}
    assert case.serving(case.head(canary=2, percent=5, position=7)) == served(case, 1, 2, 5)
    assert running(aws) == {"champion": (95.0, 2, False), "canary-6": (5.0, 1, False)}
    assert (len(aws.updates), len(aws.shifts)) == (2, 0)
    assert case.serving(case.head(canary=2, percent=25, position=8)) == served(case, 1, 2, 25)
    assert case.serving(case.head(canary=2, percent=100, position=9)) == served(case, 1, 2, 100)
    assert aws.shifts == [{"champion": 75.0, "canary-6": 25.0}, {"champion": 0.0, "canary-6": 100.0}]
    assert len(aws.updates) == 2, "weights alone need no other configuration"
    assert case.serving(case.head(champion=2, position=10)) == served(case, 2)
    assert running(aws) == {"champion": (100.0, 2, False)}
    assert (len(aws.updates), len(aws.shifts)) == (3, 2)
    assert case.fetched == [1, 2], "each model is packed once"


def test_a_canary_that_is_over_loses_its_traffic_before_the_slow_update(case, aws):
    case.serving(case.head(canary=2, percent=25, position=6))
    target, over = case.target(), case.head(position=7)
    assert "taken off the traffic" in target.converge(over).pending
    assert aws.shifts == [{"champion": 100.0, "canary-6": 0.0}]
    assert aws.updates == []
    aws.settle()
    assert target.served().percent == 0
    assert target.converge(over).pending.startswith("the update to bike-demand-7-")
    aws.settle()
    assert target.converge(over) == served(case, 1)
    assert (len(aws.updates), len(aws.shifts)) == (1, 1)


def test_what_is_served_already_under_an_earlier_record_is_not_asked_for_again(case, aws):
    case.serving(case.head(position=5))
    assert case.target().converge(case.head(position=9)) == served(case, 1)
    assert (len(aws.creations), len(aws.updates), len(aws.shifts)) == (1, 0, 0)


def test_another_setting_is_another_configuration_of_the_same_record(case, aws):
    case.serving(case.head())
    image = SETTINGS.model_copy(update={"image": "registry/other:1"})
    assert case.target(image).converge(case.head()).pending.startswith("the update to bike-demand-5-")
    aws.settle()
    assert case.target(image).converge(case.head()) == served(case, 1)
    assert len(aws.updates) == 1


def test_an_older_record_changes_nothing_any_more(case, aws):
    case.serving(case.head(canary=2, percent=25, position=8))
    with pytest.raises(TargetError, match=r"asked to serve record #8: this step stands for #7 and is superseded"):
        case.target().converge(case.head(canary=2, percent=5, position=7))
    assert (len(aws.updates), len(aws.shifts)) == (0, 0)


@pytest.mark.parametrize(
    ("owner", "words"), [(None, "was not made by Stageline"), ("taxi-fares", "belongs to 'taxi-fares'")]
)
def test_the_endpoint_of_another_hand_is_not_touched(case, aws, owner, words):
    case.serving(case.head())
    (arn,) = (arn for arn in aws.tags if ":endpoint/" in arn)
    aws.tags[arn] = {"stageline:pipeline": owner} if owner else {}
    with pytest.raises(TargetError, match=rf"{words}: 'bike-demand' does not change it; .* or hand it over with the"):
        case.target().converge(case.head(champion=2, position=6))
    assert aws.updates == []
    aws.tags[arn] = {"stageline:pipeline": "bike-demand"}
    assert case.serving(case.head(champion=2, position=6)) == served(case, 2)


def test_an_update_asks_with_the_guardrails_and_the_alarms(case, aws):
    case.serving(case.head())
    case.serving(case.head(champion=2, position=6))
    case.serving(case.head(champion=2, canary=3, percent=5, position=7, sequence=7))
    same, other = (config for _, config in aws.updates)
    alarms = {"Alarms": [{"AlarmName": "bike-demand-5xx"}]}
    assert same["AutoRollbackConfiguration"] == other["AutoRollbackConfiguration"] == alarms
    routes = [each["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"] for each in (same, other)]
    assert routes == [
        {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 300,
        },
        {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 300},
    ]


def test_configurations_of_earlier_records_are_cleared_away(case, aws):
    for position, champion in ((5, 1), (6, 2), (7, 3)):
        case.serving(case.head(champion=champion, position=position))
    assert [name.split("-")[2] for name in aws.configs] == ["6", "7"], "the one before is what SageMaker goes back to"
