"""A record as a row of plain strings and integers, so that both databases hold the same bytes."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from stageline.exceptions import LedgerError
from stageline.ledger.chain import canonical_json, row_digest
from stageline.ledger.records import Entry, Record

MAX_EVIDENCE_BYTES = 1024 * 1024


def evidence_text(entry: Entry) -> str:
    """Return an entry's evidence as canonical JSON.

    :raises LedgerError: When it has no JSON form or is larger than 1 MiB.
    """
    text = canonical_json(entry.evidence, "evidence")
    if len(text) > MAX_EVIDENCE_BYTES:
        sizes = {key: len(canonical_json(value)) for key, value in entry.evidence.items()}
        largest = max(sizes, key=sizes.__getitem__)
        raise LedgerError(
            f"evidence of step {entry.step!r} of pipeline {entry.pipeline!r} has {len(text):,} bytes "
            f"as JSON, allowed are {MAX_EVIDENCE_BYTES:,}; its largest part is {largest!r} "
            f"with {sizes[largest]:,}: keep it in a file or a table and record its path and digest"
        )
    return text


def row_of(
    entry: Entry, evidence: str, *, position: int, recorded_at: datetime, previous_digest: str
) -> dict[str, Any]:
    """Return the row that holds an entry at a position of its pipeline's chain.

    :param evidence: The entry's evidence as canonical JSON.
    :param recorded_at: An aware time in UTC.
    """
    row = entry.model_dump(mode="json", include=set(Entry.model_fields) - {"evidence", "metered"})
    row |= {
        "evidence": evidence,
        "metered": None if entry.metered is None else canonical_json(entry.metered, "metered"),
        "position": position,
        "recorded_at": recorded_at.isoformat(timespec="microseconds"),
        "previous_digest": previous_digest,
    }
    row["digest"] = row_digest(row)
    return row


def record_of(row: Mapping[str, Any]) -> Record:
    """Return the record that a row holds.

    :raises LedgerError: When the row was edited into something that no record can be.
    """
    try:
        metered = row.get("metered")
        return Record.model_validate(
            {
                **row,
                "evidence": json.loads(row["evidence"]),
                "metered": None if metered is None else json.loads(metered),
            }
        )
    except (ValidationError, TypeError, ValueError) as error:
        raise LedgerError(
            f"record {row['position']!r} of pipeline {row['pipeline']!r} cannot be read, so it was edited: "
            f"{error}; verify the chain and restore the ledger from a backup"
        ) from error
