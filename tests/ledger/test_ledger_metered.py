"""What a step took, beside its evidence: kept, hashed, and empty in ledgers of an older version."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from stageline.exceptions import LedgerError
from stageline.ledger import Entry, Ledger, upgrading
from stageline.ledger.chain import FIRST_PREVIOUS
from stageline.ledger.engines import make_engine, writing
from stageline.ledger.rows import evidence_text, row_of
from stageline.ledger.schema import RECORD
from stageline.ledger.urls import parse_url

Make = Callable[..., Entry]
TOOK = {"wall_seconds": 1.5, "rows": 17_379}


def drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER stageline_record_append_only ON stageline_record"))
        return
    for trigger in ("update", "delete", "replace"):
        connection.execute(text(f"DROP TRIGGER stageline_record_no_{trigger}"))


def test_it_comes_back_as_it_was_appended(ledger: Ledger, entry: Make) -> None:
    ledger.append(entry("a", metered=TOOK))
    ledger.append(entry("b"))
    assert [record.metered for record in ledger.records(newest_first=False)] == [TOOK, None]
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("position", "edited"),
    [(1, '{"rows":17378,"wall_seconds":1.5}'), (1, None), (2, '{"rows":1}')],
    ids=["changed", "taken away", "added"],
)
def test_an_edited_figure_is_found(
    ledger: Ledger, entry: Make, ledger_url: str, position: int, edited: str | None
) -> None:
    ledger.append(entry("a", metered=TOOK))
    ledger.append(entry("b"))
    with writing(make_engine(parse_url(ledger_url))) as connection:
        drop_triggers(connection)
        connection.execute(RECORD.update().where(RECORD.c.position == position).values(metered=edited))
    (fault,) = ledger.verify()
    assert (fault.position, fault.message.partition(":")[0]) == (position, "a value was edited")


def test_a_figure_that_is_no_number_is_refused(ledger: Ledger, entry: Make) -> None:
    with pytest.raises(LedgerError, match=r"metered.wall_seconds is nan; JSON has finite numbers only"):
        ledger.append(entry("a", metered={"wall_seconds": float("nan")}))
    assert ledger.records() == []


def test_a_ledger_of_the_version_before_keeps_its_digests(
    ledger_url: str, entry: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tmp_path / "before" / "migrations"
    shutil.copytree(upgrading.MIGRATIONS, before, ignore=shutil.ignore_patterns("__pycache__", "0003_*"))
    engine, digest, rows = make_engine(parse_url(ledger_url)), FIRST_PREVIOUS, []
    with monkeypatch.context() as patched:
        patched.setattr(upgrading, "MIGRATIONS", before)
        Ledger.open(ledger_url).close()
    for position, key in enumerate("ab", start=1):
        one = entry(key)
        row = row_of(one, evidence_text(one), position=position, recorded_at=datetime.now(UTC), previous_digest=digest)
        digest = row["digest"]
        rows.append({name: value for name, value in row.items() if name != "metered"})
    with writing(engine) as connection:
        for row in rows:
            connection.execute(RECORD.insert().values(row))
        assert connection.execute(text("SELECT version_num FROM stageline_version")).scalar() == "0002"
    with Ledger.open(ledger_url) as upgraded:
        upgraded.append(entry("c", metered=TOOK))
        found = upgraded.records(newest_first=False)
        assert [record.digest for record in found][:2] == [row["digest"] for row in rows]
        assert [record.metered for record in found] == [None, None, TOOK]
        assert upgraded.verify() == []


def test_what_was_metered_is_read_without_its_evidence(ledger: Ledger, entry: Make) -> None:
    ledger.append(entry("a", metered=TOOK, step="train"))
    ledger.append(entry("b"))
    ledger.append(entry("c", kind="promotion"))
    ledger.append(entry("d", metered=TOOK, dag_id="bikes.score", run_id="r2"))
    ledger.append(entry("e", metered=TOOK, pipeline="cars"))
    found = ledger.metered("bikes")
    assert [(each.position, each.kind, each.step, each.took) for each in found] == [
        (1, "step", "train", TOOK), (3, "promotion", "quality", None), (4, "step", "quality", TOOK),
    ]  # fmt: skip
    assert [each.at for each in found] == [ledger.records("bikes")[4 - each.position].recorded_at for each in found]
    assert [each.position for each in ledger.metered("bikes", dag_id="bikes.score", run_id="r2")] == [4]


@pytest.mark.parametrize("edited", ["{", "[1]", '{"rows":"many"}', '{"rows":true}'])
def test_figures_edited_into_nonsense_are_named(ledger: Ledger, entry: Make, ledger_url: str, edited: str) -> None:
    ledger.append(entry("a", metered=TOOK))
    with writing(make_engine(parse_url(ledger_url))) as connection:
        drop_triggers(connection)
        connection.execute(RECORD.update().values(metered=edited))
    with pytest.raises(LedgerError, match="record 1 cannot be read, so it was edited"):
        ledger.metered("bikes")
