"""What was metered of a pipeline, read without the evidence beside it: a year of it may be large."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import Select, or_, select

from stageline.exceptions import LedgerError
from stageline.ledger.head import PROMOTION
from stageline.ledger.schema import RECORD

_COLUMNS = ("position", "kind", "step", "dag_id", "run_id", "recorded_at", "metered")


@dataclass(frozen=True)
class MeteredRecord:
    """The part of a record that costs are added up from.

    :param took: What its work took; none: nothing was metered.
    """

    position: int
    kind: str
    step: str
    dag_id: str
    run_id: str
    at: datetime
    took: Mapping[str, float | int] | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Return what a row holds.

        :raises LedgerError: It was edited into something that no record can be.
        """
        try:
            took = None if row["metered"] is None else {key: _number(each) for key, each in _object(row).items()}
            at = datetime.fromisoformat(row["recorded_at"])
        except (TypeError, ValueError) as error:
            raise LedgerError(
                f"record {row['position']!r} cannot be read, so it was edited: {error}; verify the chain and restore "
                "the ledger from a backup"
            ) from error
        return cls(row["position"], row["kind"], row["step"], row["dag_id"], row["run_id"], at, took)


def metered_query(pipeline: str, dag_id: str | None, run_id: str | None) -> Select[Any]:
    """Return the question for all that was metered, and for the promotions in between, in their order."""
    wanted = {"dag_id": dag_id, "run_id": run_id}
    return (
        select(*(RECORD.c[name] for name in _COLUMNS))
        .where(RECORD.c.pipeline == pipeline)
        .where(or_(RECORD.c.metered.is_not(None), RECORD.c.kind == PROMOTION))
        .where(*(RECORD.c[name] == value for name, value in wanted.items() if value is not None))
        .order_by(RECORD.c.position)
    )


def _object(row: Mapping[str, Any]) -> dict[str, Any]:
    found = json.loads(row["metered"])
    if not isinstance(found, dict):
        raise TypeError(f"metered is {row['metered']!r}, expected an object")
    return found


def _number(value: object) -> float | int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"metered holds {value!r}, expected numbers")
    return value
