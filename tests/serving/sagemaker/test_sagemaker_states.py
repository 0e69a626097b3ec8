"""The table of states, row by row: as a pure function, and on the fake."""

from datetime import timedelta
from itertools import product

import pytest
from aws_shapes import service

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.states import ABSENT, TABLE, Standing, state_of

STATUSES = service("sagemaker").shape_for("EndpointStatus").enum
WAITING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
REFUSED = ("OutOfService", "Deleting", "Failed", "UpdateRollbackFailed")
EXPECTED = {
    **dict.fromkeys(product(WAITING, (True, False), (True, False)), Standing.PENDING),
    **dict.fromkeys(product(REFUSED, (True, False), (True, False)), Standing.REFUSED),
    ("InService", True, False): Standing.SERVED,
    ("InService", True, True): Standing.PENDING,
    ("InService", False, True): Standing.PENDING,
    ("InService", False, False): Standing.ASK,
    (ABSENT, False, False): Standing.ASK,
}


@pytest.mark.parametrize(("row", "standing"), EXPECTED.items(), ids=str)
def test_each_row_of_the_table(row, standing):
    status, used, pending = row
    assert state_of(status, used=used, pending=pending).standing is standing


def test_the_table_has_a_row_for_every_state_that_sagemaker_has_and_no_other():
    assert set(TABLE) == set(EXPECTED)
    assert {status for status, _, _ in TABLE} == {*STATUSES, ABSENT}


def test_only_one_row_is_served():
    assert [row for row, state in TABLE.items() if state.standing is Standing.SERVED] == [("InService", True, False)]


@pytest.mark.parametrize("status", ["", "inservice", "Hibernating"])
@pytest.mark.parametrize("used", [True, False])
def test_an_unknown_state_is_never_taken_as_good(status, used):
    state = state_of(status, used=used, pending=False)
    assert state.standing is Standing.REFUSED
    assert f"does not know ({status!r})" in state.words


PENDING = {"PendingDeploymentSummary": {"EndpointConfigName": "by-hand"}}


@pytest.mark.parametrize(
    ("row", "standing"), [each for each in EXPECTED.items() if each[0][0] != ABSENT], ids=str
)  # fmt: skip
def test_the_target_says_as_the_table_says_and_asks_for_nothing_but_where_it_may(case, aws, row, standing):
    status, used, pending = row
    case.serving(case.head())
    aws.change(EndpointStatus=status, **(PENDING if pending else {}))
    head = case.head(position=5) if used else case.head(champion=2, position=6)
    if standing is Standing.REFUSED:
        with pytest.raises(TargetError, match="endpoint 'bike-demand'"):
            case.target().converge(head)
    else:
        served = case.target().converge(head)
        assert bool(served.pending) is (standing is not Standing.SERVED)
        assert (served.fault(head) == "" and not served.pending) is (standing is Standing.SERVED)
    assert len(aws.updates) == (1 if standing is Standing.ASK else 0)
    assert (len(aws.creations), len(aws.shifts)) == (1, 0)


def test_an_update_that_rolled_itself_back_is_told_with_both_names_and_the_reason(case, aws):
    case.serving(case.head())
    old = aws.creations[0]
    target, head = case.target(), case.head(champion=2, position=6)
    target.converge(head)
    new = aws.updates[0][0]
    aws.outcome = "rolled back"
    aws.settle()
    assert aws.endpoints["bike-demand"]["EndpointStatus"] == "InService"
    for _ in range(3):
        with pytest.raises(TargetError) as refused:
            target.converge(head)
        for words in (f"with {old}, not with {new}", "One or more CloudWatch alarms went off", "rolled back"):
            assert words in str(refused.value)
        aws.tick(3600)
    assert len(aws.updates) == 1
    assert target.served().champion == case.model(1).digest
    assert target.served().fault(head) != ""


def test_the_ledger_moves_on_after_a_rollback_and_so_does_the_endpoint(case, aws):
    case.serving(case.head())
    target = case.target()
    target.converge(case.head(champion=2, position=6))
    aws.outcome = "rolled back"
    aws.settle()
    back = target.converge(case.head(champion=1, position=7))
    assert (back.champion, back.pending) == (case.model(1).digest, "")
    aws.outcome = "done"
    assert case.serving(case.head(champion=2, position=8)).champion == case.model(2).digest
    assert len(aws.updates) == 2


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("failed", r"has failed \(SageMaker says: The container did not pass.*delete it, mend the cause"),
        ("mixed", r"answers with a mix of bike-demand-5-\w+ and what it was updated to \(SageMaker says: No capacity"),
    ],
)
def test_an_update_that_ends_badly_is_refused_each_time(case, aws, outcome, words):
    case.serving(case.head())
    target, head = case.target(), case.head(champion=2, position=6)
    target.converge(head)
    aws.outcome = outcome
    aws.settle()
    for each in (head, case.head(champion=1, position=7)):
        with pytest.raises(TargetError, match=words):
            target.converge(each)
    assert len(aws.updates) == 1


def test_a_mix_is_not_said_to_be_served(case, aws):
    case.serving(case.head())
    aws.change(EndpointStatus="UpdateRollbackFailed")
    with pytest.raises(TargetError, match="nobody can say what it answers with"):
        case.target().served()


@pytest.mark.parametrize("status", ["OutOfService", "Failed", "Deleting", "Creating"])
def test_what_answers_nobody_serves_nothing(case, aws, status):
    case.serving(case.head())
    aws.change(EndpointStatus=status)
    assert case.target().served().champion == ""


def test_an_endpoint_that_does_not_exist_serves_nothing(case):
    assert case.target().served().champion == ""


def test_a_first_release_that_fails_is_refused(case, aws):
    case.target().converge(case.head())
    aws.outcome = "failed"
    aws.settle()
    with pytest.raises(TargetError, match="can only delete a failed endpoint"):
        case.target().converge(case.head())
    del aws.endpoints["bike-demand"]
    aws.outcome = "done"
    assert case.serving(case.head()).champion == case.model(1).digest


def test_what_is_stuck_is_waited_for_and_then_refused(case, aws):
    case.serving(case.head())
    target, head = case.target(), case.head(champion=2, position=6)
    target.converge(head)
    aws.outcome = "stuck"
    aws.settle()
    assert "is being updated from bike-demand-5-" in target.converge(head).pending
    aws.now += timedelta(hours=2)
    with pytest.raises(TargetError, match=r"is stuck: it is being updated .* it is Updating for 121 minutes"):
        target.converge(head)
    aws.outcome = "done"
    aws.settle()
    assert target.converge(head).fault(head) == ""
    assert len(aws.updates) == 1


def test_weights_that_went_back_are_refused_and_not_asked_for_again(case, aws):
    case.serving(case.head(canary=2, percent=5, position=7))
    target, head = case.target(), case.head(canary=2, percent=25, position=8)
    target.converge(head)
    aws.outcome = "rolled back"
    aws.settle()
    for _ in range(2):
        with pytest.raises(TargetError, match=r"the weights champion 75.0, canary-6 25.0.* but has champion 95.0, can"):
            target.converge(head)
    assert len(aws.shifts) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"CurrentWeight": 99.0}, "the weights are still on their way: champion 99.0, canary-6 5.0"),
        ({"VariantStatus": [{"Status": "Baking"}]}, "it is in service, but champion is Baking"),
        ({"CurrentInstanceCount": 0}, "it is in service, but champion has no instance yet"),
    ],
)
def test_a_variant_that_is_not_as_asked_for_is_not_served_yet(case, aws, more, words):
    head = case.head(canary=2, percent=5, position=7)
    case.serving(head)
    aws.endpoints["bike-demand"]["_more"] = {"champion": more}
    assert case.target().converge(head).pending == words


def test_another_image_than_the_one_asked_for_is_refused(case, aws):
    case.serving(case.head())
    aws.endpoints["bike-demand"]["_more"] = {"champion": {"DeployedImages": [{"SpecifiedImage": "other:1"}]}}
    with pytest.raises(TargetError, match="runs other:1 as variant 'champion', not 123456789012"):
        case.target().converge(case.head())


def test_a_configuration_of_that_name_with_other_models_is_not_the_one_asked_for(case, aws):
    case.serving(case.head())
    name = aws.creations[0]
    model = aws.configs[name]["ProductionVariants"][0]["ModelName"]
    aws.models[model]["PrimaryContainer"]["Environment"]["STAGELINE_MODEL_DIGEST"] = "sha256:other"
    assert case.target().served().champion == "sha256:other"
    with pytest.raises(TargetError, match=r"holds sha256:other .* another hand made it"):
        case.target().converge(case.head())
    assert aws.updates == []
