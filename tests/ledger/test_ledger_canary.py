"""A candidate beside the champion: begun once, shifted by its own rollout only, and gone with the champion it was tried beside."""

from datetime import UTC, datetime, timedelta

import pytest
from test_ledger_head import DAY, model

from stageline.exceptions import HeadError, SupersededError
from stageline.ledger import Canary

__all__ = ["DAY"]


@pytest.fixture
def bikes(ledger, entry):
    """Give a ledger whose pipeline has a champion, and ways to move its head."""
    ledger.promote(entry("promote 1", step="release"), model(1), expected=0)

    class Bikes:
        def head(self):
            return ledger.head("bikes")

        def begin(self, version=2, percent=5, *, key="begin", expected=1, until=None, **given):
            named, candidate = entry(key, step="rollout"), model(version, **{"day": version, **given})
            return ledger.begin_canary(named, candidate, percent, expected=expected, until=until)

        def shift(self, percent, *, sequence=2, until=None):
            named = entry(f"to {percent}", step="rollout")
            return ledger.shift_canary(named, percent, sequence=sequence, until=until)

        def end(self, *, sequence=2):
            return ledger.end_canary(entry("end", step="rollout"), sequence=sequence)

        def promote(self, version, *, expected=1):
            candidate = model(version, day=version)
            return ledger.promote(entry(f"promote {version}", step="release"), candidate, expected=expected)

    return Bikes()


def test_a_canary_is_tried_beside_the_champion(bikes, ledger):
    record = bikes.begin()
    head = bikes.head()
    assert head.canary == Canary(model=model(2, day=2), percent=5, sequence=record.position)
    assert (head.champion, head.generation, head.position) == (model(1), 1, record.position)
    assert record.kind == "canary"
    assert ledger.verify() == []


def test_it_gets_more_and_becomes_the_champion(bikes, ledger):
    bikes.begin()
    for percent in (25, 50):
        bikes.shift(percent)
        assert bikes.head().canary.percent == percent
        assert bikes.head().canary.sequence == 2
    bikes.promote(2)
    head = bikes.head()
    assert (head.champion, head.canary, head.generation) == (model(2, day=2), None, 2)
    assert head.earlier == (model(1),)
    assert ledger.verify() == []


def test_a_canary_that_nobody_looks_after_leaves_the_traffic_when_its_time_is_over(bikes, ledger):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    bikes.begin(until=noon)
    head = bikes.head()
    assert head.live(noon - timedelta(seconds=1)) == head
    left = head.live(noon)
    assert (left.canary, left.champion, left.position) == (None, head.champion, head.position)
    # Its rollout is still on record, and may go on.
    bikes.shift(25, until=noon + timedelta(hours=1))
    assert bikes.head().live(noon).canary.percent == 25
    assert ledger.verify() == []


def test_without_such_a_time_it_stays(bikes):
    bikes.begin()
    assert bikes.head().live(datetime(2999, 1, 1, tzinfo=UTC)).canary is not None


def test_it_leaves_and_the_champion_stays(bikes, ledger):
    bikes.begin()
    record = bikes.end()
    head = bikes.head()
    assert (head.champion, head.canary, head.generation) == (model(1), None, 1)
    assert record.kind == "canary_end"
    # It was no champion: there is nothing to go back to.
    assert head.earlier == ()
    assert ledger.verify() == []


def test_a_second_rollout_is_refused_with_the_sequence_of_the_first(bikes):
    bikes.begin()
    with pytest.raises(HeadError, match=r"rollout #2 of 'bikes' is under way: version 2 at 5 %"):
        bikes.begin(3, key="second")
    with pytest.raises(HeadError, match=r"rollout #2 of 'bikes' is under way"):
        bikes.promote(3)
    assert bikes.head().canary.model.version == 2


def test_begun_again_is_the_one_recorded(bikes, ledger):
    assert bikes.begin() == bikes.begin()
    assert len(ledger.records("bikes")) == 2


def test_the_first_model_has_nothing_to_be_tried_beside(ledger, entry):
    with pytest.raises(HeadError, match="the first model is released without a rollout"):
        ledger.begin_canary(entry("begin"), model(1), 5, expected=0)
    assert ledger.records("bikes") == []


def test_what_was_judged_against_another_champion_is_not_tried(bikes):
    bikes.promote(2)
    with pytest.raises(HeadError, match="moved from generation 1 to 2"):
        bikes.begin(3)
    with pytest.raises(SupersededError, match="superseded by version 2"):
        bikes.begin(1, expected=2)


@pytest.mark.parametrize("over", ["end", "promote", "roll back"])
def test_a_rollout_that_is_over_changes_nothing(bikes, ledger, entry, over):
    if over == "roll back":
        bikes.promote(2)
        bikes.begin(3, expected=2)
        ledger.roll_back(entry("back", step="rollback"))
        sequence = 3
    else:
        bikes.begin()
        sequence = 2
        bikes.end() if over == "end" else bikes.promote(2)
    before = bikes.head()
    assert before.canary is None
    with pytest.raises(HeadError, match=rf"rollout #{sequence} of 'bikes' is over since record #\d: none is under way"):
        bikes.shift(50, sequence=sequence)
    bikes.begin(5, key="next", expected=before.generation)
    with pytest.raises(HeadError, match=rf"rollout #{sequence} of 'bikes' is over .*: rollout #\d is under way"):
        bikes.shift(60, sequence=sequence)
    assert bikes.head().canary.model.version == 5
    assert ledger.verify() == []


def test_a_canary_that_was_written_by_hand_is_found(bikes, ledger):
    import sqlalchemy as sa

    from stageline.ledger.schema import HEAD

    bikes.begin()
    forged = bikes.head().model_copy(update={"canary": None})
    with ledger._engine.begin() as connection:
        connection.execute(sa.update(HEAD).values(state=forged.model_dump_json()))
    assert [fault.message for fault in ledger.verify()] == [
        "the head is generation 1, the log gives generation 1, and they differ"
    ]
