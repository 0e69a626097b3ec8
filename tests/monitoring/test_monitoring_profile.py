import json
import math
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from counted_tables import same, seen, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.exceptions import ArtifactError, DataError
from stageline.monitoring.bins import CategoryBins, NumericBins
from stageline.monitoring.profile import WHOLE, Profile
from stageline.monitoring.profiling import Wanted, make_profile
from stageline.monitoring.scan import count_rows

ROLES = dict.fromkeys(["number", "whole", "text", "known", "flag"], "feature")
WEEK = timedelta(days=7)


def hours(count, first="2025-01-01"):
    return np.datetime64(first, "us") + np.arange(count) * np.timedelta64(3_600_000_000, "us")


def profile_of(columns, roles=None, **wanted):
    times = wanted.pop("times", None)
    table = pa.table(columns)
    roles = roles or dict.fromkeys(table.column_names, "feature")
    return make_profile(table, Wanted(roles, **wanted), made_from="sha256:1", times=times)


def mixed(rows, seed=0):
    """A table of fifty columns: floats with nulls and outliers, whole numbers, texts of 5 to 5,000 categories."""
    draw = np.random.default_rng(seed)
    columns = {}
    for place in range(30):
        values = draw.lognormal(0, 1, rows) if place % 2 else draw.normal(place, 1 + place, rows)
        values[draw.random(rows) < 0.001] *= 50
        columns[f"float_{place}"] = pa.array(values, mask=draw.random(rows) < 0.02)
    for place in range(10):
        columns[f"whole_{place}"] = pa.array(draw.integers(0, 10 ** (place % 5 + 1), rows))
    for place, size in enumerate(np.geomspace(5, 5_000, 10).astype(int)):
        names = pa.array([f"category {place} {number:05d}" for number in range(size)])
        columns[f"text_{place}"] = names.take(pa.array((draw.random(rows) ** 3 * size).astype(int)))
    return pa.table(columns)


@given(tables().filter(lambda table: table.num_rows), st.integers(1, 12))
def test_a_profile_and_its_json_are_one_and_count_alike(table, month):
    times = hours(table.num_rows, f"2025-{month:02}-28")
    profile = make_profile(table, Wanted(ROLES), made_from="sha256:1", times=times)
    again = Profile.from_json(profile.to_json(), name="profile.json")
    assert again == profile
    json.loads(profile.to_json(), parse_constant=pytest.fail)
    counts, beside = (count_rows(table.to_batches(), each.bins) for each in (profile, again))
    assert same(counts, beside)
    for name, found in seen(counts).items():
        kept = profile.columns[name].parts[WHOLE]
        assert found == (list(kept.bins), kept.nulls, kept.odd)


@given(tables().filter(lambda table: table.num_rows))
def test_months_add_up_to_the_whole_and_only_those_that_are_there_are_kept(table):
    times = hours(table.num_rows, "2025-12-31T12")
    months = {str(int(month) % 12 + 1) for month in times.astype("datetime64[M]").astype(int)}
    for column in make_profile(table, Wanted(ROLES), made_from="sha256:1", times=times).columns.values():
        whole = column.parts[WHOLE]
        parts = [part for name, part in column.parts.items() if name]
        assert set(column.parts) == {WHOLE, *months}
        assert sum(part.array() for part in parts).tolist() == list(whole.bins)
        assert sum(part.nulls for part in parts) == whole.nulls
        assert sum(part.odd for part in parts) == whole.odd


def test_fifty_columns_of_a_year_take_at_most_two_hundred_kilobytes():
    rows = 60 * 7 * 24 + 60
    profile = make_profile(
        mixed(rows), Wanted(dict.fromkeys(mixed(50).column_names, "feature"), window=WEEK),
        made_from="sha256:" + "0" * 64, times=hours(rows),
    )  # fmt: skip
    assert {len(column.parts) for column in profile.columns.values()} == {13}
    assert {len(column.ordinary["distribution"]) for column in profile.columns.values()} == {60}
    # A million rows are two more digits in each count.
    grown = json.loads(profile.to_json())
    for column in grown["columns"].values():
        for part in column["parts"].values():
            part["bins"] = [100 * count for count in part["bins"]]
    text = Profile.from_json(json.dumps(grown), name="grown").to_json()
    assert 50_000 < len(profile.to_json()) < len(text) <= 200_000
    assert Profile.from_json(text, name="grown").to_json() == text


def test_what_it_was_made_from_is_kept():
    profile = profile_of({"x": [1.0, 2.0]}, times=hours(2))
    kept = Profile.from_json(profile.to_json(), name="p")
    assert (kept.made_from, kept.rows) == ("sha256:1", 2)
    assert (kept.first, kept.last) == ("2025-01-01T00:00:00+00:00", "2025-01-01T01:00:00+00:00")
    assert kept.columns["x"].role == "feature"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:-20], "it: Invalid JSON"),
        (lambda text: "", "it: Invalid JSON"),
        (lambda text: "[]", "it: Input should be an object"),
        (lambda text: text.replace('"made_from"', '"made_of"'), "made_from: Field required"),
        (lambda text: text.replace('"rows":4', '"rows":-4'), "rows: Input should be greater than or equal to 0"),
        (lambda text: text.replace('"kind":"number"', '"kind":"colour"'), r"columns.x.kind: Input should be 'number'"),
        (lambda text: text.replace('"cuts":[1.0', '"cuts":[9.0'), "columns.x: Value error, its cuts do not increase"),
        (lambda text: text.replace('"cuts":[1.0', '"cuts":[NaN'), "columns.x.cuts.0: Input should be a finite number"),
        (lambda text: text.replace('"bins":[0,', '"bins":['), r"columns.x: Value error, part '' has \d counts; exp"),
        (lambda text: text.replace('"":', '"0":'), "columns.x: Value error, the counts of the whole reference are"),
        (lambda text: text.replace('"names":["a","b"]', '"names":["a","a"]'), "columns.t: Value error, a category has"),
        (lambda text: text.replace('"rows":4', '"rows":4,"measure":"far"'), "it: Value error, measure 'far' is not"),
        (lambda text: text.replace('"rows":4', '"rows":4,"format":2'), "format: Input should be 1"),
    ],
)
def test_a_damaged_profile_is_refused_with_a_sentence(damage, words):
    text = profile_of({"x": [1.0, 2.0, 3.0, 4.0], "t": ["a", "b", "a", "b"]}).to_json()
    Profile.from_json(text, name="profile.json")
    damaged = damage(text)
    assert damaged != text
    with pytest.raises(ArtifactError, match=rf"^'profile.json' is no reference profile: {words}.*; train again$"):
        Profile.from_json(damaged, name="profile.json")


@given(st.binary(max_size=40), st.integers(0, 10_000))
@settings(max_examples=200)
def test_whatever_a_byte_does_to_it_a_profile_is_refused_or_can_be_counted_with(change, place):
    text = profile_of({"x": [1.0, 2.0, 3.0, 4.0], "t": ["a", "b", "a", "b"]}).to_json().encode()
    place %= len(text)
    damaged = (text[:place] + change + text[place + len(change) :]).decode("utf-8", "replace")
    try:
        profile = Profile.from_json(damaged, name="p")
    except ArtifactError as error:
        assert str(error).startswith("'p' is no reference profile: ")  # noqa: PT017 - either is right
        return
    table = pa.table({name: pa.nulls(3) for name in profile.columns})
    counts = count_rows(table.to_batches(), profile.bins)
    for name, column in profile.columns.items():
        assert counts.columns[name].bins.shape[1] == len(column.parts[WHOLE].bins)


def test_columns_get_bins_of_their_kind():
    profile = profile_of(
        {
            "price": [1.5, None, math.nan, 2.5],
            "stock": pa.array([1, 2, 2, None], pa.int16()),
            "shop": pa.array(["a", "b", None, "a"]).dictionary_encode(),
            "open": [True, None, False, True],
            "gone": pa.nulls(4),
            "empty": pa.nulls(4, pa.float64()),
        }
    )
    kinds = {name: column.kind for name, column in profile.columns.items()}
    assert kinds == {
        "price": "number", "stock": "number", "shop": "category", "open": "category", "gone": "category",
        "empty": "number",
    }  # fmt: skip
    assert profile.bins["shop"] == CategoryBins(("a", "b"), complete=True)
    assert profile.bins["open"] == CategoryBins(("true", "false"), complete=True)
    assert profile.bins["empty"] == NumericBins(())
    assert (profile.columns["price"].center, profile.columns["price"].spread) == (2.0, 0.5)


def test_values_where_the_reference_had_no_type_are_counted_as_others():
    profile = profile_of({"x": pa.nulls(9)})
    for values in (["new"], [1.5], [True]):
        table = pa.table({"x": values})
        assert seen(count_rows(table.to_batches(), profile.bins))["x"] == ([1], 0, 0)


@pytest.mark.parametrize("value", [0.1, -1e300, 5e-324, 1.7e308, 0.0])
def test_a_constant_deviates_by_nothing(value):
    column = profile_of({"x": [value] * 1_001}).columns["x"]
    assert (column.center, column.spread) == (value, 0)


def test_huge_numbers_have_moments():
    column = profile_of({"x": [1.7e308, -1.7e308, 1.7e308, 1.7e308]}).columns["x"]
    assert column.center == pytest.approx(0.85e308)
    assert column.spread == pytest.approx(1.7e308 * math.sqrt(0.75))
    whole = profile_of({"x": pa.array([2**63 - 1, -(2**63), 2**53 + 1])}).columns["x"]
    assert whole.spread == pytest.approx(2**63 * math.sqrt(2 / 3), rel=1e-2)


@given(st.dictionaries(st.sampled_from(["x", "y", "other"]), st.floats(0, 100)))
def test_weights_are_one_on_average(weights):
    columns = profile_of({"x": [1.0], "y": [2.0], "z": [3.0]}, weights=weights).columns
    assert sum(column.weight for column in columns.values()) == pytest.approx(3)
    for one, other in (("x", "y"), ("y", "x")):
        if weights.get(one, -1) > weights.get(other, math.inf):
            assert columns[one].weight >= columns[other].weight


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(DataError, match=r"the weight of column 'x' is .*; expected 0 or more"):
        profile_of({"x": [1.0]}, weights={"x": weight})


def test_what_no_profile_can_be_made_of_is_refused():
    with pytest.raises(DataError, match="a reference profile needs rows; the table holds none"):
        profile_of({"x": pa.array([], pa.float64())})
    with pytest.raises(DataError, match="column 'z' is missing; there are: x, y"):
        profile_of({"x": [1.0], "y": [1.0]}, roles={"z": "feature"})
    with pytest.raises(DataError, match=r"column 'x' is timestamp\[us\]; a profile takes numbers, texts and booleans"):
        profile_of({"x": pa.array(hours(3))})


def test_windows_of_the_reference_tell_what_is_ordinary():
    draw = np.random.default_rng(5)
    rows = 24 * 7 * 20
    week = np.arange(rows) // (24 * 7)
    wandering = draw.normal(0, 1, 21)[week] + draw.normal(0, 1, rows)
    steady = draw.normal(0, 1, rows)
    profile = profile_of({"wandering": wandering, "steady": steady}, times=hours(rows), window=WEEK)
    assert profile.window_seconds == WEEK.total_seconds()
    # The last of twenty may have begun just before the data end.
    assert {len(column.ordinary["distribution"]) for column in profile.columns.values()} == {19}
    apart = {name: np.median(column.ordinary["distribution"]) for name, column in profile.columns.items()}
    assert apart["wandering"] > 0.2
    assert apart["steady"] < 0.1
    assert "missing" not in profile.columns["steady"].ordinary


def test_one_window_alone_tells_nothing():
    profile = profile_of({"x": np.arange(20.0)}, times=hours(20), window=WEEK)
    assert profile.window_seconds is None
    assert profile.columns["x"].ordinary == {}
