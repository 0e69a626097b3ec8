from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from stageline.exceptions import LedgerError
from stageline.ledger import Entry, Ledger, engines
from stageline.ledger.rows import row_of
from stageline.ledger.schema import RECORD
from stageline.verdicts import Check, Report, Verdict

Make = Callable[..., Entry]


def test_append_then_find_gives_the_same_record(ledger: Ledger, entry: Make) -> None:
    check = Check(code="SL-Q001", name="hum", verdict=Verdict.FAILED, message="hum = 2 > max = 1", value=2)
    report = Report(step="quality", checks=(check,)).model_dump(mode="json")
    evidence = {"report": report, "windows": (1, 2.5), "odd\0": "nul \0, lone \ud800, ü", "big": 2**80}
    record = ledger.append(entry("a", evidence=evidence, actor="dana@example.com", map_index=3, try_number=2))
    assert ledger.find("a") == record == ledger.newest("bikes")
    assert record.evidence["windows"] == [1, 2.5]
    assert record.evidence["odd\0"] == evidence["odd\0"]
    assert Report.model_validate(record.evidence["report"]).checks == (check,)


def test_positions_and_digests_form_a_chain(ledger: Ledger, entry: Make) -> None:
    records = [ledger.append(entry(str(number))) for number in range(3)]
    assert [record.position for record in records] == [1, 2, 3]
    assert records[0].previous_digest == "0" * 64
    assert [record.previous_digest for record in records[1:]] == [record.digest for record in records[:2]]
    assert ledger.verify() == []


def test_each_pipeline_has_a_chain_of_its_own(ledger: Ledger, entry: Make) -> None:
    for number in range(2):
        for pipeline in ("trains", "bikes"):
            ledger.append(entry(f"{pipeline}{number}", pipeline=pipeline))
    assert ledger.pipelines() == ["bikes", "trains"]
    assert [record.position for record in ledger.records("trains")] == [2, 1]
    assert ledger.verify() == []


def test_time_is_utc_and_now(ledger: Ledger, entry: Make) -> None:
    before = datetime.now(UTC)
    record = ledger.append(entry("a"))
    assert record.recorded_at.utcoffset() == timedelta(0)
    assert before <= record.recorded_at <= datetime.now(UTC)


def test_a_known_key_returns_the_record_unchanged(ledger: Ledger, entry: Make) -> None:
    first = ledger.append(entry("a"))
    again = ledger.append(entry("a", verdict="failed", sentence="other", try_number=2))
    assert again == first
    assert len(ledger.records()) == 1


def test_a_key_of_another_step_is_refused(ledger: Ledger, entry: Make) -> None:
    ledger.append(entry("a"))
    with pytest.raises(LedgerError, match=r"key 'a' belongs to record 1 .*'quality'.*not .*'train'"):
        ledger.append(entry("a", step="train"))
    assert len(ledger.records()) == 1


def test_a_writer_that_hangs_is_named(
    ledger: Ledger, ledger_url: str, entry: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "WAIT_SECONDS", 0.1)
    monkeypatch.setitem(engines._BEGIN_WRITE, "postgresql", "SET LOCAL lock_timeout = '100ms'")
    record = ledger.append(entry("a"))
    hanging = row_of(entry("b"), "{}", position=2, recorded_at=record.recorded_at, previous_digest="")
    with Ledger.open(ledger_url) as other, engines.writing(other._engine) as connection:
        connection.execute(RECORD.insert().values(hanging))
        with pytest.raises(LedgerError, match="look for one that hangs"):
            other.append(entry("b"))
        assert other.find("a") == record
        connection.rollback()
    assert ledger.append(entry("b")).position == 2


def test_an_unknown_key_and_an_unknown_pipeline_give_none(ledger: Ledger) -> None:
    assert ledger.find("a") is None
    assert ledger.newest("bikes") is None
    assert ledger.records() == []
    assert ledger.pipelines() == []


def test_newest_and_records_filter(ledger: Ledger, entry: Make) -> None:
    for run in ("r1", "r2"):
        for step in ("quality", "train"):
            ledger.append(entry(f"{run}/{step}", run_id=run, step=step))
    ledger.append(entry("other", pipeline="trains", dag_id="trains", run_id="r1"))

    def keys(**wanted: object) -> list[str]:
        return [record.idempotency_key for record in ledger.records(**wanted)]

    assert keys() == ["other", "r2/train", "r2/quality", "r1/train", "r1/quality"]
    assert keys(newest_first=False, limit=2) == ["r1/quality", "r1/train"]
    assert keys(pipeline="bikes", step="train") == ["r2/train", "r1/train"]
    assert keys(run_id="r1", dag_id="trains") == ["other"]
    assert keys(limit=0) == []
    newest = ledger.newest("bikes", run_id="r1", dag_id="bikes", step="quality")
    assert newest is not None
    assert newest.idempotency_key == "r1/quality"
    with pytest.raises(LedgerError, match="limit is -1"):
        ledger.records(limit=-1)


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        ({"report": {"checks": [{"value": float("nan")}]}}, r"evidence\.report\.checks\[0\]\.value is nan"),
        ({"limit": float("-inf")}, r"evidence\.limit is -inf"),
        ({"when": datetime(2026, 1, 1, tzinfo=UTC)}, r"evidence\.when is a datetime\.datetime"),
        ({"rows": {1: 2}}, r"evidence\.rows has the key 1"),
        ({"text": "x" * 1024 * 1024, "n": 1}, r"1,048,\d\d\d bytes .* largest part is 'text'"),
    ],
)
def test_evidence_that_cannot_be_kept_is_refused(
    ledger: Ledger, entry: Make, evidence: dict[str, object], said: str
) -> None:
    with pytest.raises(LedgerError, match=said):
        ledger.append(entry("a", evidence=evidence))
    assert ledger.records() == []


def test_a_sentence_is_made_storable_and_cut(ledger: Ledger, entry: Make) -> None:
    record = ledger.append(entry("a", sentence="nul \0, lone \ud800" + "x" * 1_000_000))
    assert record.sentence.startswith("nul \ufffd, lone ?x")
    assert len(record.sentence) == 2_000
    assert ledger.find("a") == record


def test_the_longest_names_fit(ledger: Ledger, entry: Make) -> None:
    longest = dict.fromkeys(("pipeline", "step", "dag_id", "run_id", "task_id", "actor"), "🚲" * 250)
    record = ledger.append(entry("\U0001f6b2" * 600, **longest))
    assert ledger.find("\U0001f6b2" * 600) == record


@pytest.mark.parametrize(
    "changes",
    [{"pipeline": ""}, {"run_id": "a\0b"}, {"step": "x" * 251}, {"map_index": -2}, {"unknown": 1}],
)
def test_an_entry_refuses_what_cannot_be_stored(entry: Make, changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        entry("a", **changes)
