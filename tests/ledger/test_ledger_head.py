"""What a pipeline serves: promotions, rollbacks, and what may not move a head."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import HeadError, LedgerError
from stageline.ledger import Head, ModelVersion, moment_text
from stageline.ledger.head import replay

DAY = "2026-01-{:02}T00:00:00.000000+00:00"


def model(version, *, day=1, as_of=None):
    return ModelVersion(
        version=version, uri=f"models:/m-{version}/model.skops", digest=f"sha256:{version:064}", mlflow_run=f"r{version}",
        snapshot=version, watermark=DAY.format(day), as_of=DAY.format(as_of or day), dag_run=f"bikes.train/run {version}",
    )  # fmt: skip


@pytest.fixture
def promote(ledger, entry):
    def move(version, *, expected=None, key=None, **given):
        generation = ledger.head("bikes").generation if expected is None else expected
        candidate = model(version, **given)
        return ledger.promote(entry(key or f"promote {version}", step="release"), candidate, expected=generation)

    return move


@pytest.fixture
def roll_back(ledger, entry):
    def move(version=None, *, key="back"):
        return ledger.roll_back(entry(key, step="rollback"), version)

    return move


def test_before_the_first_release_there_is_no_champion(ledger):
    assert ledger.head("bikes") == Head(pipeline="bikes", generation=0, champion=None)


def test_a_promotion_moves_the_head_and_leaves_one_record(ledger, promote):
    record = promote(1)

    head = ledger.head("bikes")
    assert (head.generation, head.champion, head.position) == (1, model(1), record.position)
    assert (record.kind, record.step) == ("promotion", "release")
    assert record.evidence["rows"] == 17_379
    assert record.evidence["head_change"] == {
        "generation": 1, "before": None, "after": model(1).model_dump(mode="json"),
    }  # fmt: skip
    assert ledger.verify() == []


def test_a_promotion_again_is_the_one_recorded(ledger, promote):
    first = promote(1)
    promote(2, day=2)

    assert promote(1, expected=0) == first
    assert ledger.head("bikes").champion.version == 2
    assert len(ledger.records("bikes")) == 2


def test_who_saw_an_older_head_changes_nothing(ledger, promote):
    promote(1)
    promote(2, day=2)

    with pytest.raises(
        HeadError, match=r"moved from generation 1 to 2 \(champion: version 2\) since version 3 was judged"
    ):
        promote(3, day=3, expected=1)
    assert ledger.head("bikes").champion.version == 2
    assert len(ledger.records("bikes")) == 2


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        ({"version": 6, "day": 9, "as_of": 4}, "this run stands for 2026-01-04.*, that one for 2026-01-05"),
        ({"version": 6, "day": 4, "as_of": 9}, "these data end at 2026-01-04.*, those at 2026-01-05"),
        ({"version": 4, "day": 5}, "version 4 is no newer one"),
        ({"version": 5, "day": 5}, "version 5 is no newer one"),
    ],
)
def test_what_is_older_is_superseded(ledger, promote, candidate, reason):
    promote(5, day=5)

    with pytest.raises(HeadError, match=rf"is superseded by version 5 \(record #1\): {reason}"):
        promote(**candidate, key="late")
    assert ledger.head("bikes").champion.version == 5


def test_what_was_rolled_back_from_is_still_what_is_newest(ledger, promote, roll_back):
    promote(1)
    promote(2, day=2)
    roll_back()

    assert ledger.head("bikes").champion.version == 1
    with pytest.raises(HeadError, match="superseded by version 2"):
        promote(2, day=2, key="again")
    promote(3, day=2)
    assert ledger.head("bikes").champion.version == 3


def test_a_rollback_goes_to_the_champion_before(ledger, promote, roll_back):
    for version in (1, 2, 3):
        promote(version, day=version)

    record = roll_back()

    assert (record.kind, record.evidence["head_change"]["before"]["version"]) == ("rollback", 3)
    assert ledger.head("bikes").champion.version == 2
    roll_back(key="further")
    assert (ledger.head("bikes").champion.version, ledger.head("bikes").generation) == (1, 5)
    assert ledger.verify() == []


def test_a_rollback_may_name_any_earlier_champion(ledger, promote, roll_back):
    for version in (1, 2, 3):
        promote(version, day=version)

    roll_back(1)

    assert ledger.head("bikes").champion.version == 1
    with pytest.raises(HeadError, match="there is no champion before this one"):
        roll_back(key="further")


def test_a_rollback_without_a_way_back_is_refused(ledger, promote, roll_back):
    with pytest.raises(HeadError, match="nothing was released yet"):
        roll_back()
    promote(1)
    with pytest.raises(HeadError, match="there is no champion before this one"):
        roll_back()
    promote(2, day=2)
    with pytest.raises(HeadError, match="to version 7: it was no champion before this one; these were: 1"):
        roll_back(7)
    assert len(ledger.records("bikes")) == 2


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_head_that_was_edited_is_found(tmp_path, ledger, promote):
    promote(1)
    promote(2, day=2)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE stageline_head SET state = replace(state, 'run 2', 'run 9')")

    (fault,) = ledger.verify()
    assert (fault.position, fault.message) == (
        2,
        "the head is generation 2, the log gives generation 2, and they differ",
    )


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_a_head_that_is_gone_is_found(tmp_path, ledger, promote):
    promote(1)
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("DELETE FROM stageline_head")

    (fault,) = ledger.verify()
    assert fault.message == "the head is generation 0, the log gives generation 1"


def test_heads_of_two_pipelines_are_their_own(ledger, entry, promote):
    promote(1)
    ledger.promote(entry("other", pipeline="cars", step="release"), model(1), expected=0)

    assert ledger.head("cars").generation == ledger.head("bikes").generation == 1


def test_a_time_is_kept_in_one_form():
    with pytest.raises(ValueError, match="no time as moment_text writes it"):
        model(1).model_validate({**model(1).model_dump(), "watermark": "2026-01-01"})
    assert moment_text(None) == ""


@given(st.lists(st.one_of(st.just(None), st.integers(1, 9)), max_size=12))
def test_replaying_the_log_gives_the_head(moves):
    # A number promotes the next version as of that day, none rolls back; what is refused leaves no record.
    head, records, version = Head(pipeline="bikes"), [], 0
    for day in moves:
        position = len(records) + 1
        try:
            if day is None:
                after = head.roll_back(None, position)
                kind = "rollback"
            else:
                version += 1
                candidate = model(version, day=day)
                if head.superseded(candidate):
                    continue
                after, kind = head.promote(candidate, position), "promotion"
        except HeadError:
            continue
        change = {"generation": after.generation, "before": head.champion, "after": after.champion}
        records.append(_record(position, kind, change))
        head = after

    assert replay("bikes", records) == head
    assert head.generation == len(records)
    if len(records) > 1:
        with pytest.raises(LedgerError, match="the records before it give generation 1"):
            replay("bikes", records[1:] if records[1].kind == "promotion" else records[:1] + records[:1])


def _record(position, kind, change):
    from stageline.ledger import Record

    plain = {
        name: part.model_dump(mode="json") if isinstance(part, ModelVersion) else part for name, part in change.items()
    }
    return Record.model_validate(
        {
            "pipeline": "bikes", "kind": kind, "step": "release", "verdict": "passed", "sentence": "", "stage": "pilot",
            "mode": "enabled", "dag_id": "d", "run_id": "r", "task_id": "t", "idempotency_key": f"k{position}",
            "spec_digest": "", "package_version": "1", "evidence": {"head_change": plain}, "position": position,
            "recorded_at": "2026-01-01T00:00:00+00:00", "previous_digest": "0", "digest": "0",
        }
    )  # fmt: skip
