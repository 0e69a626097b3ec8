from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from stageline.exceptions import LedgerError
from stageline.ledger import Entry, Ledger, Record
from stageline.ledger.engines import make_engine, writing
from stageline.ledger.schema import RECORD
from stageline.ledger.urls import parse_url

Make = Callable[..., Entry]


@pytest.fixture
def filled(ledger: Ledger, entry: Make) -> Ledger:
    for number in range(5):
        ledger.append(entry(f"k{number}", evidence={"rows": number}))
    return ledger


def drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP TRIGGER stageline_record_append_only ON stageline_record"))
        return
    for trigger in ("update", "delete", "replace"):
        connection.execute(text(f"DROP TRIGGER stageline_record_no_{trigger}"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stageline_record SET verdict = 'passed' WHERE position = 3",
        "DELETE FROM stageline_record WHERE position = 5",
        "DELETE FROM stageline_record",
    ],
)
def test_the_database_refuses_a_change(filled: Ledger, ledger_url: str, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match="append-only"),
        writing(make_engine(parse_url(ledger_url))) as connection,
    ):
        connection.execute(text(statement))
    assert len(filled.records()) == 5
    assert filled.verify() == []


def test_the_database_refuses_to_replace_or_truncate(filled: Ledger, ledger_url: str) -> None:
    again = RECORD.insert().prefix_with("OR REPLACE")
    replace = again.from_select(RECORD.columns.keys(), select(RECORD).where(RECORD.c.position == 2))
    statement = replace if ledger_url.startswith("sqlite") else text("TRUNCATE stageline_record")
    with (
        pytest.raises(DBAPIError, match="append-only"),
        writing(make_engine(parse_url(ledger_url))) as connection,
    ):
        connection.execute(statement)
    assert len(filled.records()) == 5


@pytest.mark.parametrize("field", sorted(Record.model_fields))
def test_an_edited_field_is_named_by_its_position(filled: Ledger, ledger_url: str, field: str) -> None:
    edited = 77 if field in {"position", "map_index", "try_number"} else "edited"
    with writing(make_engine(parse_url(ledger_url))) as connection:
        drop_triggers(connection)
        connection.execute(RECORD.update().where(RECORD.c.position == 3).values({field: edited}))
    faults = filled.verify("bikes")
    assert faults[0].position == 3
    assert faults[0].pipeline == "bikes"
    assert filled.verify() != []


def test_a_removed_record_is_a_gap(filled: Ledger, ledger_url: str) -> None:
    with writing(make_engine(parse_url(ledger_url))) as connection:
        drop_triggers(connection)
        connection.execute(RECORD.delete().where(RECORD.c.position.in_([2, 3])))
    (fault,) = filled.verify()
    assert (fault.position, fault.message) == (2, "position 2 to 3 are missing")


@pytest.mark.parametrize("edited", ["{", "[]", '{"rows":2 }'])
def test_evidence_edited_into_nonsense_is_named(filled: Ledger, ledger_url: str, edited: str) -> None:
    with writing(make_engine(parse_url(ledger_url))) as connection:
        drop_triggers(connection)
        connection.execute(RECORD.update().where(RECORD.c.position == 3).values(evidence=edited))
    if not edited.startswith('{"'):
        with pytest.raises(LedgerError, match="record 3 of pipeline 'bikes' cannot be read"):
            filled.records()
    assert [fault.position for fault in filled.verify()] == [3]


def test_bytes_that_are_no_text_are_named(tmp_path: Path, entry: Make) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.append(entry("a"))
        with writing(make_engine(parse_url(url))) as connection:
            drop_triggers(connection)
            connection.execute(text("UPDATE stageline_record SET sentence = CAST(x'ff61' AS TEXT)"))
        assert [fault.position for fault in ledger.verify()] == [1]
