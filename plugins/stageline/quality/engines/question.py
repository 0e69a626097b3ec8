"""An expectation as it is put to Great Expectations: neutral names, typed values, and nothing it would misread."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stageline.exceptions import DataError
from stageline.quality.engines.kinds import Column, why_not
from stageline.quality.engines.type_names import is_type
from stageline.quality.engines.typed_arguments import with_typed_parameters, with_typed_values
from stageline.quality.outcome import Outcome
from stageline.spec.expectations import CONDITION
from stageline.spec.models import Expectation

_SINGLE = ("column", "column_A", "column_B")
_SEVERAL = ("column_list", "column_set")


@dataclass(frozen=True)
class Question:
    """What Great Expectations is asked.

    :param columns: The existing columns whose values are judged.
    """

    type: str
    arguments: Mapping[str, Any]
    columns: tuple[Column, ...]


# Spark cannot say which of some rows are equal to each other without asking all.
_COUNTED_TOGETHER = ("expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique")


def put(expectation: Expectation, columns: Mapping[str, Column], engine: str) -> Question | Outcome:
    """Return the question to ask, or the outcome of an expectation that needs none.

    :param columns: The table's columns by their own names.
    """
    kind, given = expectation.type, expectation.arguments
    names = [given[key] for key in _SINGLE if key in given]
    if not kind.startswith("expect_table_"):
        names += given.get("column_list", ())
        missing = [name for name in names if name not in columns]
        if missing and kind != "expect_column_to_exist":
            return Outcome(success=False, error=f"the table has no column {missing[0]!r}")
    judged = [columns[name] for name in names if name in columns]
    if judged and "type_" in given:
        return _about_type(judged[0], [given["type_"]])
    if judged and "type_list" in given:
        return _about_type(judged[0], given["type_list"])
    reason = why_not(kind, judged)
    if engine == "spark" and CONDITION in given and kind in _COUNTED_TOGETHER:
        reason = "it takes no row_condition in the engine spark; use the engine duckdb"
    if reason:
        return Outcome(success=False, error=reason)
    try:
        typed = with_typed_values(kind, given, judged)
        if CONDITION in given:
            typed[CONDITION] = with_typed_parameters(given[CONDITION], columns)
    except DataError as error:
        return Outcome(success=False, error=str(error))
    return Question(kind, _with_neutral_names(typed, columns), tuple(judged))


def _about_type(column: Column, names: list[str]) -> Outcome:
    # Great Expectations knows types by Python classes that differ from engine to engine.
    return Outcome(success=any(is_type(column, name) for name in names), result={"observed_value": column.type})


def _with_neutral_names(arguments: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    absent: dict[str, str] = {}

    def show(name: str) -> str:
        if name in columns:
            return columns[name].shown
        # A column that does not exist gets a name, too, that no other column has.
        return absent.setdefault(name, f"absent_{len(absent)}")

    shown = dict(arguments)
    shown |= {key: show(arguments[key]) for key in _SINGLE if key in arguments}
    shown |= {key: [show(name) for name in arguments[key]] for key in _SEVERAL if key in arguments}
    return shown
