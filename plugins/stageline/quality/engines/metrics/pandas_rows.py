"""Conditions on single rows that pandas reads otherwise than the databases, or much more slowly than it could."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_condition_partial import (
    column_pair_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_pair_map_metric_provider import (
    ColumnPairMapMetricProvider,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)

from stageline.quality.engines.metrics.pandas_execution import TablePandasEngine
from stageline.quality.engines.portable_regex import backtracks
from stageline.quality.engines.predicates import fits_format, fits_schema, is_json, is_moment

_Series = Any  # a pandas Series


class Between(ColumnMapMetricProvider):
    """A value lies between limits; whole columns at once, of any kind that has an order."""

    condition_metric_name = "column_values.between"
    condition_value_keys = ("min_value", "max_value", "strict_min", "strict_max")

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(
        cls, column: _Series, *, min_value: Any = None, max_value: Any = None, strict_min: Any = None,
        strict_max: Any = None, **_: Any,
    ) -> _Series:  # fmt: skip
        if min_value is not None and max_value is not None and min_value > max_value:
            raise ValueError("min_value cannot be greater than max_value")
        met = pd.Series(data=True, index=column.index)
        if min_value is not None:
            met &= column > min_value if strict_min else column >= min_value
        if max_value is not None:
            met &= column < max_value if strict_max else column <= max_value
        return met


class MatchRegex(ColumnMapMetricProvider):
    """A regular expression is found."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, regex: str, **_: Any) -> _Series:
        return _found(column, regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """A regular expression is not found."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, regex: str, **_: Any) -> _Series:
        return ~_found(column, regex)


class MatchRegexList(ColumnMapMetricProvider):
    """Any or all of some regular expressions are found."""

    condition_metric_name = "column_values.match_regex_list"
    condition_value_keys = ("regex_list", "match_on")
    default_kwarg_values = {"match_on": "any"}

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, regex_list: Sequence[str], match_on: str, **_: Any) -> _Series:
        found = pd.concat([_found(column, regex) for regex in regex_list], axis=1)
        return found.all(axis=1) if match_on == "all" else found.any(axis=1)


class NotMatchRegexList(ColumnMapMetricProvider):
    """None of some regular expressions is found."""

    condition_metric_name = "column_values.not_match_regex_list"
    condition_value_keys = ("regex_list",)

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, regex_list: Sequence[str], **_: Any) -> _Series:
        return ~pd.concat([_found(column, regex) for regex in regex_list], axis=1).any(axis=1)


class JsonParseable(ColumnMapMetricProvider):
    """A text is JSON."""

    condition_metric_name = "column_values.json_parseable"

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> _Series:
        return _judged(column, is_json)


class MatchJsonSchema(ColumnMapMetricProvider):
    """A text is JSON that fulfils a schema."""

    condition_metric_name = "column_values.match_json_schema"
    condition_value_keys = ("json_schema",)

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, json_schema: Mapping[str, Any], **_: Any) -> _Series:
        return _judged(column, fits_schema(json_schema))


class DateutilParseable(ColumnMapMetricProvider):
    """A text is a date or time to dateutil."""

    condition_metric_name = "column_values.dateutil_parseable"

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, **_: Any) -> _Series:
        return _judged(column, is_moment)


class MatchStrftimeFormat(ColumnMapMetricProvider):
    """A text is a time of a format."""

    condition_metric_name = "column_values.match_strftime_format"
    condition_value_keys = ("strftime_format",)

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, strftime_format: str, **_: Any) -> _Series:
        return _judged(column, fits_format(strftime_format))


class Increasing(ColumnMapMetricProvider):
    """A value is not below the one before it, nulls left out."""

    condition_metric_name = "column_values.increasing"
    condition_value_keys = ("strictly",)
    default_kwarg_values = {"strictly": False}

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, *, strictly: bool | None = None, **_: Any) -> _Series:
        before = column.shift(1)
        return (column > before if strictly else column >= before) | before.isna()


class Decreasing(ColumnMapMetricProvider):
    """A value is not above the one before it, nulls left out."""

    condition_metric_name = "column_values.decreasing"
    condition_value_keys = ("strictly",)
    default_kwarg_values = {"strictly": False}

    @column_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column: _Series, *, strictly: bool | None = None, **_: Any) -> _Series:
        before = column.shift(1)
        return (column < before if strictly else column <= before) | before.isna()


class PairInSet(ColumnPairMapMetricProvider):
    """Two values are one of some pairs; a null equals a null."""

    condition_metric_name = "column_pair_values.in_set"
    condition_domain_keys = ("batch_id", "table", "column_A", "column_B", "ignore_row_if")
    condition_value_keys = ("value_pairs_set",)

    @column_pair_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column_A: _Series, column_B: _Series, *, value_pairs_set: Any, **_: Any) -> _Series:  # noqa: N803
        members = {(left, right) for left, right in value_pairs_set}
        left, right = (side.astype(object).where(side.notna(), None) for side in (column_A, column_B))
        return pd.Series([pair in members for pair in zip(left, right, strict=True)], index=column_A.index, dtype=bool)


class SumEqual(MulticolumnMapMetricProvider):
    """The sum of several columns is a number; one with a null is none."""

    condition_metric_name = "multicolumn_sum.equal"
    condition_domain_keys = (
        "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if"
    )  # fmt: skip
    condition_value_keys = ("sum_total",)

    @multicolumn_condition_partial(engine=TablePandasEngine)
    def _pandas(cls, column_list: Any, *, sum_total: float, **_: Any) -> _Series:
        total = 0
        for name in column_list.columns:
            total = column_list[name] + total
        return total == sum_total


def _found(column: _Series, pattern: str) -> _Series:
    texts = column.astype(str)
    if backtracks(pattern):
        expression = re.compile(pattern)
        return texts.map(lambda text: expression.search(text) is not None).astype(bool)
    found = pc.match_substring_regex(pa.array(texts, pa.large_string()), pattern)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=column.index, dtype=bool)


def _judged(column: _Series, predicate: Callable[[str], bool]) -> _Series:
    return column.map(predicate).astype(bool)
