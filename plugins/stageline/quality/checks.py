"""What the checks of this room share: their codes, their names, and what they know about the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stageline.quality.columns import ColumnFacts
from stageline.quality.wording import as_condition, as_json, as_name, shorten
from stageline.spec.expectations import CONDITION
from stageline.spec.models import Expectation
from stageline.spec.row_conditions import columns_of_condition
from stageline.verdicts import Check, Verdict

EXPECTATION = "SL-Q001"
NOTHING_DECLARED = "SL-Q002"
NOTHING_TO_JUDGE = "SL-Q003"
NOT_FINITE = "SL-Q004"
NOT_EVALUATED = "SL-Q005"

COLUMN_ARGUMENTS = ("column", "column_A", "column_B")


@dataclass(frozen=True)
class Table:
    """What judging needs to know about the table.

    :param facts: Facts of every column that an expectation names, as far as it exists.
    :param private: Columns whose values may stand in no message.
    :param chosen: How many rows each row condition chooses, by its words.
    """

    rows: int
    columns: tuple[str, ...]
    facts: Mapping[str, ColumnFacts]
    private: frozenset[str] = frozenset()
    chosen: Mapping[str, int] = field(default_factory=dict)

    def hides(self, expectation: Expectation) -> bool:
        """Whether an expectation judges a private column, or rows chosen by one."""
        condition = expectation.arguments.get(CONDITION)
        chosen_by = columns_of_condition(condition) if condition else ()
        return not self.private.isdisjoint({*columns_of(expectation), *chosen_by})

    def rows_for(self, expectation: Expectation) -> int:
        """Return how many rows an expectation judges at most."""
        return self.chosen.get(condition_of(expectation), self.rows)


def columns_of(expectation: Expectation) -> tuple[str, ...]:
    """Return the columns whose values, or whose existence, an expectation judges."""
    if expectation.type.startswith("expect_table_"):
        return ()  # its list of columns is what the table is compared with
    given = expectation.arguments
    single = [given[key] for key in COLUMN_ARGUMENTS if key in given]
    return tuple(dict.fromkeys([*single, *given.get("column_list", ())]))


def condition_of(expectation: Expectation) -> str:
    """Return the words of an expectation's row condition, e.g. `season == 1`; empty without one."""
    condition = expectation.arguments.get(CONDITION)
    return as_condition(condition) if condition else ""


def name_of(expectation: Expectation) -> str:
    """Return a check's name, e.g. `expect_column_values_to_be_between(hum)`."""
    columns, condition = columns_of(expectation), condition_of(expectation)
    name = f"{expectation.type}({as_names(columns)})" if columns else expectation.type
    return f"{name} where {condition}" if condition else name


def subject_of(expectation: Expectation, otherwise: str) -> str:
    """Return what a message is about: columns, or else the given words, and which rows."""
    condition = condition_of(expectation)
    subject = as_names(columns_of(expectation)) or otherwise
    return f"{subject} where {condition}" if condition else subject


def as_names(columns: Sequence[str]) -> str:
    """Return columns as they stand in a message."""
    return shorten(", ".join(as_name(column) for column in columns), 160)


def make_check(
    expectation: Expectation,
    name: str,
    code: str,
    verdict: Verdict,
    message: str,
    *,
    n: int | None = None,
    value: Any = None,
    limit: float | None = None,
    details: Mapping[str, Any] | None = None,
) -> Check:
    """Return an expectation's check; a value that is no finite number stays out of `value`.

    :param n: Number of values or rows the check rests on.
    """
    return Check(
        code=code,
        name=name,
        verdict=verdict,
        message=message,
        severity=expectation.severity,
        value=_finite(value),
        limit=limit,
        n=n,
        details={"arguments": as_json(expectation.arguments), **(details or {})},
    )


def _finite(value: Any) -> float | None:
    number = as_json(value)
    return float(number) if isinstance(number, (int, float)) and not isinstance(number, bool) else None
