"""Never two updates for one record: two copies at once, one that dies after any call, one that comes back late."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest
from fake_aws import Fault
from sagemaker_case import clients_of

from stageline.exceptions import TargetError
from stageline.serving.sagemaker import SageMakerOutage
from stageline.serving.sagemaker.claims import LEASE


class KilledError(BaseException):
    """A step's process is killed."""


class Mortal:
    """A client whose process is killed right after its nth call was answered, counted over all clients."""

    def __init__(self, client, life):
        self._client, self._life = client, life

    def __getattr__(self, name):
        call = getattr(self._client, name)

        def counted(**asked):
            answer = call(**asked)
            self._life["calls"] += 1
            if self._life["calls"] == self._life["last"]:
                raise KilledError(name)
            return answer

        return counted


def mortal(case, last):
    life = {"calls": 0, "last": last}
    services = ("reading", "changing", "metrics", "files")
    return replace(case.clients, **{name: Mortal(getattr(case.clients, name), life) for name in services}), life


class Late:
    """A client that freezes before it sends one of some calls."""

    def __init__(self, client, frozen, woken, calls=("update_endpoint", "create_endpoint")):
        self._client, self._frozen, self._woken, self._calls = client, frozen, woken, calls

    def __getattr__(self, name):
        call = getattr(self._client, name)

        def sent(**asked):
            if name in self._calls:
                self._frozen.set()
                assert self._woken.wait(60)
            return call(**asked)

        return sent


SCENES = {
    "first release": lambda case: (None, case.head()),
    "new champion": lambda case: (case.head(), case.head(champion=2, position=6)),
    "shadow": lambda case: (case.head(), case.head(canary=2, percent=0, position=6)),
    "weights": lambda case: (
        case.head(canary=2, percent=5, position=6),
        case.head(canary=2, percent=25, position=7),
    ),
    "canary over": lambda case: (case.head(canary=2, percent=25, position=6), case.head(position=7)),
}
# How often each scene may change the endpoint: creations, updates, shifts of weights.
ALLOWED = {
    "first release": (1, 0, 0),
    "new champion": (0, 1, 0),
    "shadow": (0, 1, 0),
    "weights": (0, 0, 1),
    "canary over": (0, 1, 1),
}


def prepared(case, scene):
    before, head = SCENES[scene](case)
    if before is not None:
        case.serving(before)
    aws = case.aws
    counted = (len(aws.creations), len(aws.updates), len(aws.shifts))
    return head, lambda: tuple(
        now - then for now, then in zip((len(aws.creations), len(aws.updates), len(aws.shifts)), counted, strict=True)
    )


def finish(case, head):
    """Ask again until the head is served, as a step that is deferred does."""
    for _ in range(12):
        served = case.target().converge(head)
        if not served.pending:
            return served
        case.aws.settle()
    raise AssertionError(served.pending)


@pytest.mark.parametrize("scene", SCENES)
def test_a_step_killed_after_any_call_is_finished_by_the_next_with_one_change(case, aws, scene):
    head, changes = prepared(case, scene)
    state = aws.state()
    last, died = 0, True
    while died:
        aws.restore(state)
        last += 1
        clients, life = mortal(case, last)
        target = case.target(clients=clients)
        died = False
        try:
            target.converge(head)
        except KilledError:
            died = True
        assert life["calls"] <= last
        served = finish(case, head)
        assert served.fault(head) == "", f"killed after call {last}"
        assert changes() == ALLOWED[scene], f"killed after call {last}"
    assert last > 4


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("round_", range(3))
def test_copies_that_converge_at_once_make_one_change(case, aws, scene, round_):
    head, changes = prepared(case, scene)
    targets = [case.target(clients=clients_of(aws)) for _ in range(3)]
    together = threading.Barrier(len(targets))
    said = []

    def run(target):
        together.wait()
        try:
            said.append(target.converge(head).pending)
        except SageMakerOutage as error:
            said.append(str(error))

    threads = [threading.Thread(target=run, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == len(targets)
    assert all(said)
    assert finish(case, head).fault(head) == ""
    assert changes() == ALLOWED[scene]


CALL = {
    "new champion": "UpdateEndpoint",
    "weights": "UpdateEndpointWeightsAndCapacities",
    "first release": "CreateEndpoint",
    "canary over": "UpdateEndpoint",
}


@pytest.mark.parametrize("scene", ["new champion", "canary over", "first release"])
def test_a_copy_held_before_its_change_until_the_others_is_over_changes_nothing(case, aws, scene):
    """The one that comes back late was frozen between its look and its call, for longer than a whole deployment."""
    head, changes = prepared(case, scene)
    if scene == "canary over":
        case.target().converge(head)
        aws.settle()
    frozen, woken, said = threading.Event(), threading.Event(), []
    clients = clients_of(aws)
    late = case.target(clients=replace(clients, changing=Late(clients.changing, frozen, woken)))

    def run():
        try:
            said.append(late.converge(head).pending)
        except (SageMakerOutage, TargetError) as error:
            said.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert frozen.wait(30)
    aws.tick(LEASE.total_seconds())
    assert finish(case, head).fault(head) == ""
    woken.set()
    thread.join()
    assert finish(case, head).fault(head) == ""
    assert changes() == ALLOWED[scene]
    assert said


@pytest.mark.parametrize("outcome", ["done", "rolled back"])
def test_a_copy_held_before_its_claim_leaves_the_others_alone(case, aws, outcome):
    head, changes = prepared(case, "new champion")
    frozen, woken, said = threading.Event(), threading.Event(), []
    changing = Late(case.clients.changing, frozen, woken, calls=("create_endpoint_config",))
    late = case.target(clients=replace(case.clients, changing=changing))
    thread = threading.Thread(target=lambda: said.append(late.converge(head).pending))
    thread.start()
    assert frozen.wait(60)
    assert case.target().converge(head).pending.endswith("was asked for")
    aws.outcome = outcome
    aws.settle()
    woken.set()
    thread.join()
    assert said == ["another copy of this step, or one for an earlier record, asks for an update"]
    assert aws.updates[0][0] in aws.configs, "it is in use, or tells that it was tried"
    assert changes() == (0, 1, 0)


def test_a_claim_that_is_used_in_the_moment_it_is_taken_over_is_restored(case, aws):
    head, changes = prepared(case, "new champion")
    frozen, woken = threading.Event(), threading.Event()
    late = case.target(clients=replace(case.clients, changing=Late(case.clients.changing, frozen, woken)))
    thread = threading.Thread(target=lambda: late.converge(head))
    thread.start()
    assert frozen.wait(60)
    held = next(name for name in aws.configs if "-6-" in name)
    aws.tick(LEASE.total_seconds())

    def wake(_):
        aws.before.clear()
        woken.set()
        thread.join()

    aws.before["DeleteEndpointConfig"] = wake
    assert case.target().converge(head).pending == "the endpoint was changed meanwhile"
    assert aws.count("UpdateEndpoint") == 1
    assert held in aws.configs
    assert f"{held}-2" not in aws.configs
    assert finish(case, head).fault(head) == ""
    assert changes() == (0, 1, 0)


def test_a_copy_held_before_its_update_finds_its_claim_gone_even_where_the_others_rolled_back(case, aws):
    head, changes = prepared(case, "new champion")
    target = case.target()
    aws.fail("UpdateEndpoint", "ThrottlingException", times=1)
    with pytest.raises(SageMakerOutage, match="throttles UpdateEndpoint of endpoint 'bike-demand'"):
        target.converge(head)
    held = next(name for name in aws.configs if "-6-" in name)
    assert "earlier record, asks for an update, or died; it is taken over 120 s after" in target.converge(head).pending
    assert changes() == (0, 0, 0)
    aws.tick(LEASE.total_seconds())
    assert target.converge(head).pending == f"the update to {held}-2 was asked for"
    assert held not in aws.configs
    aws.outcome = "rolled back"
    aws.settle()
    with pytest.raises(TargetError, match="rolled back"):
        target.converge(head)
    assert changes() == (0, 1, 0)


@pytest.mark.parametrize("scene", CALL)
def test_a_change_whose_answer_was_lost_is_not_asked_for_again(case, aws, scene):
    head, changes = prepared(case, scene)
    if scene == "canary over":
        case.target().converge(head)
        aws.settle()
    aws.faults[CALL[scene]] = Fault(lost=True, times=1)
    with pytest.raises(SageMakerOutage, match=f"AWS cannot be reached for {CALL[scene]}"):
        case.target().converge(head)
    assert finish(case, head).fault(head) == ""
    assert changes() == ALLOWED[scene]


@pytest.mark.parametrize("call", ["CreateModel", "CreateEndpointConfig", "AddTags", "PutObject"])
def test_something_made_whose_answer_was_lost_is_found_again(case, aws, call):
    head, changes = prepared(case, "new champion")
    aws.faults[call] = Fault(lost=True, times=1)
    with pytest.raises(SageMakerOutage):
        case.target().converge(head)
    assert finish(case, head).fault(head) == ""
    assert changes() == (0, 1, 0)
    assert len(aws.objects) == 2


def test_maintenance_that_begins_in_between_does_not_look_like_a_rollback(case, aws):
    head, changes = prepared(case, "new champion")

    def maintain(_):
        aws.before.clear()
        aws.change(EndpointStatus="SystemUpdating")

    aws.before["UpdateEndpoint"] = maintain
    assert "the endpoint is SystemUpdating; the update to" in case.target().converge(head).pending
    aws.change(EndpointStatus="InService")
    assert finish(case, head).fault(head) == ""
    assert changes() == (0, 1, 0)


def test_maintenance_that_begins_before_a_shift_does_not_look_like_a_rollback(case, aws):
    head, changes = prepared(case, "weights")

    def maintain(_):
        aws.before.clear()
        aws.change(EndpointStatus="SystemUpdating")

    aws.before["UpdateEndpointWeightsAndCapacities"] = maintain
    assert "the weights are asked for afterwards" in case.target().converge(head).pending
    aws.change(EndpointStatus="InService")
    assert finish(case, head).fault(head) == ""
    assert changes() == (0, 0, 1)


def test_two_records_at_once_end_with_the_newer(case, aws):
    case.serving(case.head())
    older, newer = case.head(champion=2, position=6), case.head(champion=3, position=7)
    heads, together = (older, newer), threading.Barrier(2)

    def run(head, target):
        together.wait()
        with suppress(SageMakerOutage, TargetError):
            target.converge(head)

    threads = [threading.Thread(target=run, args=(head, case.target(clients=clients_of(aws)))) for head in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    aws.settle()
    assert finish(case, newer).fault(newer) == ""
    positions = [name.split("-")[2] for name, _ in aws.updates]
    assert positions in (["7"], ["6", "7"])
    assert aws.endpoints["bike-demand"]["EndpointConfigName"] in aws.configs
    with pytest.raises(TargetError, match="superseded"):
        case.target().converge(older)


def test_a_record_that_is_superseded_between_look_and_update_asks_for_nothing(case, aws):
    case.serving(case.head())

    def supersede(_):
        aws.before.clear()
        (arn,) = (arn for arn in aws.tags if ":endpoint/" in arn)
        aws.tags[arn]["stageline:position"] = "7"

    aws.before["CreateEndpointConfig"] = supersede
    with pytest.raises(TargetError, match="stands for #6 and is superseded"):
        case.target().converge(case.head(champion=2, position=6))
    assert aws.updates == []


def test_an_older_record_leaves_the_claim_of_a_newer_one_alone(case, aws):
    case.serving(case.head())
    older, newer = case.head(champion=2, position=6), case.head(champion=3, position=7)
    frozen, woken, said = threading.Event(), threading.Event(), []
    reading = Late(case.clients.reading, frozen, woken, calls=("list_endpoint_configs",))
    late = case.target(clients=replace(case.clients, reading=reading))

    def run():
        try:
            late.converge(older)
        except TargetError as error:
            said.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert frozen.wait(60)
    aws.fail("UpdateEndpoint", "ThrottlingException", times=1)
    with pytest.raises(SageMakerOutage):
        case.target().converge(newer)
    aws.tick(LEASE.total_seconds())
    woken.set()
    thread.join()
    assert "stands for #6 and is superseded" in said[0]
    assert sorted(name.split("-")[2] for name in aws.configs) == ["5", "7"]
    assert finish(case, newer).fault(newer) == ""
    assert len(aws.updates) == 1


def test_a_newer_record_waits_for_the_claim_of_an_older_one_and_then_deletes_it(case, aws):
    case.serving(case.head())
    older, newer = case.head(champion=2, position=6), case.head(champion=3, position=7)
    aws.fail("UpdateEndpoint", "ThrottlingException", times=1)
    with pytest.raises(SageMakerOutage):
        case.target().converge(older)
    assert "earlier record, asks for an update" in case.target().converge(newer).pending
    assert aws.updates == []
    aws.tick(LEASE.total_seconds())
    assert finish(case, newer).fault(newer) == ""
    assert [name.split("-")[2] for name, _ in aws.updates] == ["7"]
    assert not any("-6-" in name for name in aws.configs)


def test_an_update_that_is_wrong_is_refused_with_its_own_words(case, aws):
    head, changes = prepared(case, "new champion")
    aws.fail("UpdateEndpoint", "ValidationException", message="Alarm bike-demand-5xx does not exist", times=1)
    with pytest.raises(
        TargetError, match=r"UpdateEndpoint of endpoint 'bike-demand' is not accepted .* does not exist"
    ):
        case.target().converge(head)
    assert changes() == (0, 0, 0)
    assert finish(case, head).fault(head) == ""
    assert changes() == (0, 1, 0)
