# ruff: noqa: DTZ001 - times without a zone are what these tests are about

from contextlib import nullcontext
from datetime import datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_specs import spec_of

from stageline.exceptions import DataError
from stageline.tables import feature_columns, require_usable

N = 40
START = datetime(2024, 1, 1)
GOOD = {
    "id": list(range(N)),
    "at": [START + timedelta(hours=hour) for hour in range(N)],
    "hum": [row / N for row in range(N)],
    "town": ["Bern", "Zürich"] * (N // 2),
    "y": [float(row) for row in range(N)],
    "kind": ["a", "b"] * (N // 2),
}
SECTIONS = {"source": {"event_time": "at", "keys": ["id"]}}
CLASSES = {**SECTIONS, "task": "classification", "column": "kind"}


def refusal_of(changes=None, **sections):
    table = pa.table({**GOOD, **(changes or {})})
    with pytest.raises(DataError) as refusal:
        require_usable(table, spec_of(**{**SECTIONS, **sections}), name="bikes.csv")
    return str(refusal.value)


def with_one(value, kind=None, at=7):
    values = [1.0] * N if kind is None else [None] * N
    values[at] = value
    return pa.array(values, kind)


@pytest.mark.parametrize(
    ("changes", "sections", "sentence"),
    [
        pytest.param(
            {},
            {"column": "z"},
            "'bikes.csv': column 'z' (target.column) is missing; it has id, at, hum, town, y, kind",
            id="a missing target",
        ),
        pytest.param(
            {},
            {"source": {"event_time": "att"}},
            "column 'att' (source.event_time) is missing; did you mean 'at'?",
            id="a missing event time, with the nearest name",
        ),
        pytest.param(
            {},
            {"source": {"keys": ["idd"]}},
            "column 'idd' (source.keys) is missing; did you mean 'id'?",
            id="a missing key",
        ),
        pytest.param(
            {},
            {"features": {"exclude": ["town", "huum"]}},
            "column 'huum' (features.exclude) is missing; did you mean 'hum'?",
            id="a missing excluded column",
        ),
        pytest.param(
            {"y": [3.0] * N}, {}, "target 'y' is constant: 3.0 in every row; there is nothing to learn", id="constant"
        ),
        pytest.param(
            {"kind": ["a"] * N},
            CLASSES,
            "target 'kind' is a single class: 'a' in every row; there is nothing to learn",
            id="a single class",
        ),
        pytest.param({"y": pa.nulls(N, pa.float64())}, {}, "target 'y' is null in every row", id="no target"),
        pytest.param({"y": pa.nulls(N)}, {}, "target 'y' is null in every row", id="no target, no type"),
        pytest.param(
            {"y": GOOD["town"]}, {}, "target 'y' has type string; regression needs numbers", id="texts as values"
        ),
        pytest.param(
            {"y": [True, False] * 20}, {}, "target 'y' has type bool; regression needs numbers", id="booleans as values"
        ),
        pytest.param(
            {"y": with_one(float("inf"))},
            {},
            "target 'y' holds 1 value(s) that are not finite, first in row 8",
            id="an infinite target",
        ),
        pytest.param(
            {"y": with_one(float("nan"))},
            {},
            "target 'y' holds 1 value(s) that are not finite, first in row 8",
            id="a target that is NaN",
        ),
        pytest.param(
            {"y": pa.array([2**53 + row for row in range(N)])},
            {},
            f"target 'y' holds {2**53 + N - 1:,}, above 2^53: as a number it would lose digits",
            id="a target with too many digits",
        ),
        pytest.param(
            {"kind": ["a", "b"] * 19 + ["a", "c"]},
            CLASSES,
            "target 'kind': class 'c' has only 1 row; at least 2 are needed",
            id="a rare class",
        ),
        pytest.param(
            {"kind": [0.5, 1.5] * 20},
            CLASSES,
            "target 'kind' has type double; with fractions they are no classes; is target.task right?",
            id="fractions as classes",
        ),
        pytest.param(
            {"kind": GOOD["at"]},
            CLASSES,
            "target 'kind' has type timestamp[us]; classification needs texts, whole numbers or booleans",
            id="times as classes",
        ),
        pytest.param(
            {"kind": [[1], [2]] * 20},
            CLASSES,
            "target 'kind' has type list<item: int64>; classification needs",
            id="lists as classes",
        ),
        pytest.param(
            {},
            {**CLASSES, "target": {"positive": "c"}},
            "target.positive 'c' is not among the classes 'a', 'b'",
            id="an unknown positive class",
        ),
        pytest.param(
            {"kind": [0, 1] * 20},
            {**CLASSES, "target": {"positive": "1"}},
            "target.positive '1' is not among the classes 0, 1",
            id="a positive class of another type",
        ),
        pytest.param(
            {"kind": ["a", "b", "c", "d"] * 10},
            {**CLASSES, "target": {"positive": "a"}},
            "target.positive is for two classes, 'kind' has 4 ('a', 'b', 'c', 'd'); leave the key out",
            id="a positive class among many",
        ),
        pytest.param(
            {"kind": ["a", "b", "c", "d"] * 10},
            {**CLASSES, "kpi": {"metric": "average_precision_score"}},
            "kpi.metric 'average_precision_score' is for two classes, 'kind' has 4",
            id="a metric for two classes",
        ),
        pytest.param(
            {"at": [START] * N}, {}, "event time 'at' is the same in every row: 2024-01-01 00:00:00", id="one moment"
        ),
        pytest.param(
            {"at": [None, *GOOD["at"][1:]]}, {}, "event time 'at': 1 null(s), first in row 1", id="a null time"
        ),
        pytest.param(
            {"at": ["soon"] * N}, {}, "event time 'at': row 1 has 'soon', which is no ISO 8601", id="no times"
        ),
        pytest.param(
            {"hum": pa.nulls(N, pa.float64())},
            {},
            "column 'hum' is null in every row; list it in features.exclude or mend the source",
            id="an all-null column",
        ),
        pytest.param(
            {"hum": pa.nulls(N)}, {}, "column 'hum' is null in every row", id="an all-null column without type"
        ),
        pytest.param(
            {"hum": with_one(float("-inf"))},
            {},
            "column 'hum' holds 1 value(s) that are not finite, first in row 8",
            id="an infinite feature",
        ),
        pytest.param(
            {"hum": with_one(2**53 + 1, pa.int64())},
            {},
            "column 'hum' holds 9,007,199,254,740,993, above 2^53: as a number it would lose digits; "
            "name it in source.keys or features.exclude",
            id="an integer above 2^53",
        ),
        pytest.param(
            {"hum": with_one(-(2**63), pa.int64())},
            {},
            "column 'hum' holds -9,223,372,036,854,775,808, above 2^53",
            id="the smallest integer",
        ),
        pytest.param(
            {"hum": with_one(2**64 - 1, pa.uint64())},
            {},
            "column 'hum' holds 18,446,744,073,709,551,615, above 2^53",
            id="the largest unsigned integer",
        ),
        pytest.param(
            {"hum": with_one(Decimal("1234567890123456.78"), pa.decimal128(20, 2))},
            {},
            "column 'hum' holds 1234567890123456.78 with 18 digits: as a number it would lose all after 15",
            id="a decimal with too many digits",
        ),
        pytest.param(
            {"hum": [[1.0]] * N},
            {},
            "column 'hum' has type list<item: double>, which no estimator takes; list it in features.exclude or name "
            "it as source.event_time",
            id="a nested column",
        ),
        pytest.param({"hum": [{"x": 1}] * N}, {}, "column 'hum' has type struct<x: int64>", id="a struct"),
        pytest.param({"hum": GOOD["at"]}, {}, "column 'hum' has type timestamp[us], which no", id="a second time"),
        pytest.param({"hum": [time(10)] * N}, {}, "column 'hum' has type time64[us], which no", id="a time of day"),
        pytest.param(
            {"id": [[row] for row in range(N)]},
            {},
            "key 'id' has type list<item: int64>, which has no order",
            id="a nested key",
        ),
        pytest.param(
            {"Hum": GOOD["hum"]},
            {},
            "columns 'hum' and 'Hum' differ only in case, and a snapshot can keep one of them; list one in "
            "features.exclude or rename it",
            id="names that differ in case",
        ),
        pytest.param(
            {},
            {"features": {"exclude": ["hum", "town", "kind"], "calendar": False}},
            "no feature is left after keys, target, event time and features.exclude",
            id="nothing to learn from",
        ),
    ],
)
def test_an_unusable_table_is_refused(changes, sections, sentence):
    found = refusal_of(changes, **sections)
    assert found.startswith("'bikes.csv': ")
    assert sentence in found


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match=r"'few': has 19 row\(s\); at least 20 are needed to train and judge a model"):
        require_usable(pa.table(GOOD).slice(0, 19), spec_of(**SECTIONS), name="few")


def test_all_problems_are_named_at_once():
    found = refusal_of({"y": [1.0] * N, "hum": pa.nulls(N), "at": ["x"] * N})
    assert found.count("'bikes.csv': ") == 3


def test_too_many_classes_are_refused():
    labels = [f"c{row % 51}" for row in range(102)]
    table = pa.table({"kind": labels, "x": range(102)})
    with pytest.raises(DataError, match="target 'kind' has 51 distinct values; classification needs few classes"):
        require_usable(table, spec_of("classification", "kind"), name="t")


@pytest.mark.parametrize(
    ("changes", "sections"),
    [
        pytest.param({}, {}, id="as it is"),
        pytest.param({"hum": with_one(None)}, {}, id="some nulls"),
        pytest.param({"y": [None, *GOOD["y"][1:]]}, {}, id="an unlabelled row"),
        pytest.param({"y": pa.array(range(N), pa.uint8())}, {}, id="whole numbers"),
        pytest.param({"y": [Decimal(row) / 100 for row in range(N)]}, {}, id="decimals"),
        pytest.param({"kind": [True, False] * 20}, {**CLASSES, "target": {"positive": True}}, id="booleans as classes"),
        pytest.param({"kind": [0, 1] * 20}, {**CLASSES, "target": {"positive": 1}}, id="numbers as classes"),
        pytest.param({"kind": [0.0, 1.0] * 20}, {**CLASSES, "target": {"positive": 1}}, id="whole floats as classes"),
        pytest.param({"hum": with_one(2**53, pa.int64())}, {}, id="exactly 2^53"),
        pytest.param({"hum": with_one(Decimal("0.1"), pa.decimal128(38, 18))}, {}, id="a wide decimal of few digits"),
        pytest.param({"hum": with_one(Decimal("1E-12"), pa.decimal128(38, 18))}, {}, id="a tiny decimal"),
        pytest.param({"id": [str(2**70 + row) for row in range(N)]}, {}, id="long keys"),
        pytest.param({"id": pa.array([2**63 + row for row in range(N)], pa.uint64())}, {}, id="huge keys"),
        pytest.param({"at": GOOD["at"][::-1]}, {}, id="any order"),
        pytest.param({"x": [[1]] * N, "X": [[1]] * N}, {"features": {"exclude": ["x", "X"]}}, id="excluded trouble"),
        pytest.param(
            {}, {"features": {"exclude": ["at", "id", "hum", "town", "kind"]}}, id="only the calendar is left"
        ),
    ],
)
def test_a_usable_table_passes(changes, sections):
    require_usable(pa.table({**GOOD, **changes}), spec_of(**{**SECTIONS, **sections}), name="t")


HOSTILE = ["<img src=x onerror=alert(1)>", "a'; DROP TABLE users; --", '"', "{{ 7*7 }}", "a.b", "💶", "\u202eevil"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_column_names_are_quoted_and_usable(name):
    table = pa.table({**GOOD, name: GOOD["hum"]})
    require_usable(table, spec_of(**SECTIONS), name="t")
    assert name in feature_columns(table, spec_of(**SECTIONS))
    assert f"column {name!r} is null in every row" in refusal_of({name: pa.nulls(N)})


def test_features_are_what_is_left():
    spec = spec_of(**SECTIONS, features={"exclude": ["kind"]})
    assert feature_columns(pa.table(GOOD), spec) == ["hum", "town"]


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**12, min_value=-(10**12))))
def test_decimals_pass_exactly_when_a_float_keeps_their_digits(values):
    table = pa.table({**GOOD, "hum": pa.array([*values[:N], *[None] * (N - len(values))], pa.decimal128(38, 6))})
    table = table if any(value is not None for value in table["hum"].to_pylist()) else pa.table(GOOD)
    longest = max((len(str(abs(value)).replace(".", "").strip("0")) for value in values[:N]), default=0)
    with nullcontext() if longest <= 15 else pytest.raises(DataError, match="as a number it would lose all after 15"):
        require_usable(table, spec_of(**SECTIONS), name="t")
