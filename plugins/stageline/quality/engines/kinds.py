"""What a column holds, whichever engine keeps it, and which expectations can judge that."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds; the value reads in the plural, as in "it holds texts"."""

    BOOLEAN = "booleans"
    INTEGER = "whole numbers"
    REAL = "real numbers"
    DECIMAL = "decimals"
    LONG_DECIMAL = "decimals of more than 15 digits"
    TEXT = "texts"
    DATE = "dates"
    TIME = "times"
    OTHER = "values of another kind"
    # A column of nulls alone holds nothing that could not be judged.
    NOTHING = "nulls alone"


@dataclass(frozen=True)
class Column:
    """One column of a table, as the engines of Great Expectations are shown it.

    :param name: Its own name.
    :param shown: The neutral name it goes by. Great Expectations compares names without regard to case, and
        misreads those that hold quotes or dots, so it never sees the table's own.
    :param type: The engine's own name of its type.
    """

    name: str
    shown: str
    kind: Kind
    type: str


NUMBERS = frozenset({Kind.INTEGER, Kind.REAL, Kind.DECIMAL})
MOMENTS = frozenset({Kind.DATE, Kind.TIME})
# Limits are numbers or dates: no limit says where texts end.
_LIMITED = NUMBERS | MOMENTS
_ORDERED = _LIMITED | {Kind.TEXT}
_SUMMED = NUMBERS | {Kind.BOOLEAN}
_WRITTEN = frozenset({Kind.TEXT, Kind.INTEGER})
_TEXTS = frozenset({Kind.TEXT})
_SINGLE = _ORDERED | {Kind.BOOLEAN}
# pandas has no type for long decimals: it can tell them apart, but not compute with them.
_TOLD_APART = _SINGLE | {Kind.LONG_DECIMAL}

# Engines disagree about all else: the length of 1.0 as a text, the sum of dates, whether '10' is below '9'.
_JUDGED: Mapping[str, frozenset[Kind]] = {
    "expect_column_distinct_values_to_be_in_set": _SINGLE,
    "expect_column_distinct_values_to_contain_set": _SINGLE,
    "expect_column_distinct_values_to_equal_set": _SINGLE,
    "expect_column_kl_divergence_to_be_less_than": _SUMMED | _TEXTS,
    "expect_column_max_to_be_between": _LIMITED,
    "expect_column_mean_to_be_between": _SUMMED,
    "expect_column_median_to_be_between": _SUMMED,
    "expect_column_min_to_be_between": _LIMITED,
    "expect_column_most_common_value_to_be_in_set": _SINGLE,
    "expect_column_pair_values_a_to_be_greater_than_b": _ORDERED,
    "expect_column_pair_values_to_be_equal": _TOLD_APART,
    "expect_column_pair_values_to_be_in_set": _SINGLE,
    "expect_column_proportion_of_unique_values_to_be_between": _TOLD_APART,
    "expect_column_quantile_values_to_be_between": _SUMMED,
    "expect_column_stdev_to_be_between": _SUMMED,
    "expect_column_sum_to_be_between": _SUMMED,
    "expect_column_unique_value_count_to_be_between": _TOLD_APART,
    "expect_column_value_lengths_to_be_between": _WRITTEN,
    "expect_column_value_lengths_to_equal": _WRITTEN,
    "expect_column_value_z_scores_to_be_less_than": NUMBERS,
    "expect_column_values_to_be_between": _LIMITED,
    "expect_column_values_to_be_dateutil_parseable": _TEXTS,
    "expect_column_values_to_be_decreasing": _ORDERED,
    "expect_column_values_to_be_in_set": _SINGLE,
    "expect_column_values_to_be_increasing": _ORDERED,
    "expect_column_values_to_be_json_parseable": _TEXTS,
    "expect_column_values_to_be_unique": _TOLD_APART,
    "expect_column_values_to_match_json_schema": _TEXTS,
    "expect_column_values_to_match_regex": _WRITTEN,
    "expect_column_values_to_match_regex_list": _WRITTEN,
    "expect_column_values_to_match_strftime_format": _TEXTS,
    "expect_column_values_to_not_be_in_set": _SINGLE,
    "expect_column_values_to_not_be_outliers": NUMBERS,
    "expect_column_values_to_not_match_regex": _WRITTEN,
    "expect_column_values_to_not_match_regex_list": _WRITTEN,
    "expect_compound_columns_to_be_unique": _TOLD_APART,
    "expect_multicolumn_sum_to_equal": NUMBERS,
    "expect_multicolumn_values_to_be_equal": _TOLD_APART,
    "expect_select_column_values_to_be_unique_within_record": _SINGLE,
}
# They lay the values of several columns side by side.
_COMPARED = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)


def why_not(expectation: str, columns: list[Column]) -> str:
    """Return why an expectation cannot judge these columns, or an empty text if it can."""
    judged = _JUDGED.get(expectation, frozenset(Kind))
    for column in columns:
        if column.kind not in judged | {Kind.NOTHING}:
            able = ", ".join(kind.value for kind in Kind if kind in judged)
            return f"it judges {able}, but {column.name!r} holds {column.kind.value}"
    if expectation in _COMPARED:
        first, *others = [column for column in columns if column.kind is not Kind.NOTHING] or columns
        for column in others:
            if _group(column.kind) != _group(first.kind):
                return (
                    f"{first.name!r} holds {first.kind.value} and {column.name!r} {column.kind.value}, "
                    "which cannot be compared"
                )
    return ""


def _group(kind: Kind) -> frozenset[Kind]:
    return next((group for group in (NUMBERS, MOMENTS) if kind in group), frozenset({kind}))
