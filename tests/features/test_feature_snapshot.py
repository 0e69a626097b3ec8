# ruff: noqa: DTZ001 - times without a zone are what these tests are about

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_specs import spec_of

from stageline.exceptions import DataError
from stageline.features import SPLIT, build_features, model_frame, split_rows
from stageline.tables import digest_table, read_source, require_usable

BIKES = Path(__file__).resolve().parents[2].parent / "shared/data/bike_sharing_hour.csv"
N = 60
START = datetime(2024, 1, 1)
TABLE = pa.table(
    {
        "at": [START + timedelta(hours=row // 2) for row in range(N)],
        "shop": ["north", "south"] * (N // 2),
        "y": [float(row % 7) for row in range(N)],
        "price": [Decimal(row) / 100 for row in range(N)],
        "open": [True, False, None] * (N // 3),
        "stock": pa.array(range(N), pa.uint16()),
    }
)
TIMED = spec_of(source={"event_time": "at"})
KEYED = spec_of(source={"event_time": "at", "keys": ["shop"]})
RANDOM = spec_of(source={"keys": ["stock"]}, features={"exclude": ["at"]})
CLASSES = spec_of("classification", "shop", features={"exclude": ["at"]})


@pytest.mark.parametrize("spec", [TIMED, KEYED, RANDOM, CLASSES], ids=["time", "time and key", "random", "classes"])
@settings(max_examples=10, deadline=None)
@given(rng=st.randoms())
def test_the_same_rows_give_the_same_table_whatever_their_order(spec, rng):
    order = list(range(N))
    rng.shuffle(order)
    source, shuffled = pa.concat_tables([TABLE, TABLE.slice(0, 5)]), [*order, *range(N, N + 5)]
    one, two = build_features(source, spec), build_features(source.take(shuffled), spec)
    assert digest_table(one.table) == digest_table(two.table)
    assert one == two


@pytest.mark.parametrize("spec", [TIMED, RANDOM, CLASSES], ids=["time", "random", "classes"])
def test_split_rows_tells_the_same_in_the_tables_own_order(spec):
    order = np.random.default_rng(0).permutation(N)
    source = TABLE.take(pa.array(order))
    built = build_features(source, spec).table
    expected = dict(zip(built["stock"].to_pylist(), built[SPLIT].to_pylist(), strict=True))
    assert list(split_rows(source, spec)) == [expected[stock] for stock in source["stock"].to_pylist()]


def test_no_row_is_lost_and_the_parts_are_counted():
    features = build_features(TABLE, TIMED)
    assert features.table.num_rows == N
    assert features.parts == {"train": 48, "holdout": 12}
    assert features.table[SPLIT].to_pylist() == ["train"] * 48 + ["holdout"] * 12
    assert sum(features.parts.values()) == N


def test_rows_stand_in_the_order_of_time_then_key():
    table = build_features(TABLE.take(pa.array(range(N))[::-1]), KEYED).table
    assert table["at"].to_pylist() == TABLE["at"].to_pylist()
    assert table["shop"].to_pylist() == TABLE["shop"].to_pylist()


def test_features_are_told_apart_by_type():
    features = build_features(TABLE, TIMED)
    assert features.categorical == ("shop",)
    assert features.numeric == ("price", "open", "stock", "event_hour", "event_weekday", "event_day")


def test_without_calendar_no_part_of_the_time_is_derived():
    features = build_features(TABLE, spec_of(source={"event_time": "at"}, features={"calendar": False}))
    assert features.numeric == ("price", "open", "stock")


def test_excluded_columns_are_not_kept_but_keys_and_event_time_are():
    spec = spec_of(source={"event_time": "at", "keys": ["shop"]}, features={"exclude": ["price", "at", "shop"]})
    features = build_features(TABLE, spec)
    assert features.table.column_names[:5] == ["at", "shop", "y", "open", "stock"]
    assert features.numeric[:2] == ("open", "stock")
    assert features.categorical == ()


def test_excluded_columns_may_be_anything():
    source = TABLE.append_column("nested", pa.array([[1]] * N)).append_column("nothing", pa.nulls(N))
    spec = spec_of(source={"event_time": "at"}, features={"exclude": ["nested", "nothing"]})
    assert digest_table(build_features(source, spec).table) == digest_table(build_features(TABLE, TIMED).table)


def test_unlabelled_rows_are_kept_apart():
    values = [None if row % 10 == 0 else float(row) for row in range(N)]
    features = build_features(TABLE.set_column(2, "y", pa.array(values)), TIMED)
    unlabelled = features.table.filter(pc.equal(features.table[SPLIT], "unlabelled"))
    assert features.parts["unlabelled"] == unlabelled.num_rows == unlabelled["y"].null_count == 6


def test_labels_that_come_late_put_rows_under_embargo():
    spec = spec_of(source={"event_time": "at"}, target={"label_delay": "PT3H"})
    assert build_features(TABLE, spec).parts == {"train": 44, "embargo": 4, "holdout": 12}


@pytest.mark.parametrize(
    ("rename", "spec", "sentence"),
    [
        ("stageline_split", TIMED, "column 'stageline_split' is the name of Stageline's own column; rename it"),
        (
            "event_hour",
            TIMED,
            "column 'event_hour' clashes with the calendar feature of that name; rename it in the source, or set "
            "features.calendar: false",
        ),
    ],
)
def test_a_clash_of_names_is_refused(rename, spec, sentence):
    source = TABLE.rename_columns([rename if name == "price" else name for name in TABLE.column_names])
    with pytest.raises(DataError) as refusal:
        build_features(source, spec)
    assert sentence in str(refusal.value)


def test_a_name_of_the_calendar_is_free_where_there_is_none():
    source = TABLE.rename_columns(["event_hour" if name == "price" else name for name in TABLE.column_names])
    spec = spec_of(source={"event_time": "at"}, features={"calendar": False})
    assert "event_hour" in build_features(source, spec).numeric


def test_a_part_that_is_too_small_is_refused():
    spec = spec_of(source={"event_time": "at"}, train={"holdout": 0.05})
    with pytest.raises(DataError, match=r"56 row\(s\) for training and 4 for the holdout"):
        build_features(TABLE, spec)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (TIMED, "latest 20% of rows held out: at from 2024-01-02 00:00 to 2024-01-02 05:00"),
        (RANDOM, "random 20% of rows held out (seed 0)"),
        (CLASSES, "random 20% of rows held out (seed 0), stratified by class"),
    ],
)
def test_the_split_is_told_in_a_sentence(spec, sentence):
    assert build_features(TABLE, spec).split == sentence


def test_the_share_that_is_told_is_the_real_one():
    times = [START] * 30 + [START + timedelta(days=1)] * 30
    features = build_features(TABLE.set_column(0, "at", pa.array(times, pa.timestamp("us", "UTC"))), TIMED)
    assert features.split == "latest 50% of rows held out: at from 2024-01-02 00:00 to 2024-01-02 00:00 UTC"


def test_a_dot_in_a_name_is_no_path():
    source = TABLE.rename_columns(["a.b" if name == "price" else name for name in TABLE.column_names])
    assert "a.b" in build_features(source, TIMED).numeric


def test_the_models_frame_has_floats_and_objects():
    table = pa.table(
        {
            "i": pa.array([1, None, 3], pa.int16()),
            "b": [True, None, False],
            "d": [Decimal("1.5"), None, Decimal("0.1")],
            "f": pa.array([1.5, None, 2.5], pa.float32()),
            "t": ["x", None, "y"],
        }
    )
    frame = model_frame(table, ["d", "b", "i", "f"], ["t"])
    assert list(frame.columns) == ["d", "b", "i", "f", "t"]
    assert [str(kind) for kind in frame.dtypes] == ["float64"] * 4 + ["object"]
    np.testing.assert_array_equal(frame["i"], [1, np.nan, 3])
    np.testing.assert_array_equal(frame["b"], [1, np.nan, 0])
    np.testing.assert_array_equal(frame["d"], [1.5, np.nan, 0.1])
    assert frame["t"].tolist() == ["x", None, "y"]


@pytest.mark.skipif(not BIKES.is_file(), reason="the bike sharing data is not on this machine")
def test_real_data_is_split_at_a_day():
    spec = spec_of(
        "regression", "cnt",
        source={"event_time": "dteday", "keys": ["instant"]}, features={"exclude": ["casual", "registered"]},
        target={"label_delay": "P1D"},
    )  # fmt: skip
    table = read_source(BIKES.name, BIKES.parent).table
    require_usable(table, spec, name="bikes")
    features = build_features(table, spec)
    assert sum(features.parts.values()) == 17_379
    held_out = features.table.filter(pc.equal(features.table[SPLIT], "holdout"))
    trained = features.table.filter(pc.equal(features.table[SPLIT], "train"))
    assert pc.max(trained["dteday"]).as_py() + timedelta(days=1) <= pc.min(held_out["dteday"]).as_py()
    assert features.categorical == ()
    assert "event_hour" not in features.numeric
