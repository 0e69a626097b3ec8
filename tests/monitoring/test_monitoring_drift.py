import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.monitoring.bins import NumericBins
from stageline.monitoring.counts import ColumnCounts, Counts
from stageline.monitoring.drift import DriftLimits, compare
from stageline.monitoring.measures import MEASURES
from stageline.monitoring.profile import WHOLE, ColumnProfile, PartCounts, Profile
from stageline.monitoring.profiling import Wanted, make_profile
from stageline.monitoring.scan import count_rows
from stageline.monitoring.windows import Window
from stageline.verdicts import Verdict

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
EVEN = np.full(20, 0.05)


def column(bins, nulls=0, odd=0, **more):
    """A numeric column with a bin for what is below and above all of the reference, and its counts."""
    bins = np.array(bins)
    padded = (0, *map(int, bins), 0)
    cuts = tuple(float(cut) for cut in range(len(bins) + 1))
    parts = {WHOLE: PartCounts(bins=padded, nulls=nulls, odd=odd), **more.pop("parts", {})}
    return ColumnProfile(kind="number", cuts=cuts, spread=len(bins) / math.sqrt(12), parts=parts, **more)


def category(bins, **more):
    """A column of categories, and its counts, the last of all others."""
    names = tuple(f"c{place}" for place in range(len(bins) - 1))
    return ColumnProfile(kind="category", names=names, parts={WHOLE: PartCounts(bins=tuple(bins))}, **more)


def profile_of(measure="jensen_shannon", first="", **columns):
    return Profile(made_from="sha256:1", rows=1, first=first, measure=measure, columns=columns)


def window_of(**columns):
    """Return the counts of a window: of each column its bins, nulls and odd."""
    found, rows = {}, 0
    for name, (bins, nulls, odd) in columns.items():
        empty = ColumnCounts.empty(1, len(bins))
        rows = sum(bins) + nulls + odd
        found[name] = ColumnCounts(np.array([bins]), np.array([nulls]), np.array([odd]), empty.low, empty.high)
    return Counts(np.array([rows]), found)


def numbers(bins, nulls=0, odd=0, below=0, above=0):
    return [below, *map(int, bins), above], nulls, odd


def verdicts(findings, name=None):
    return {finding.kind: finding.verdict for finding in findings if name in (None, finding.column)}


def the(findings, kind, name="x"):
    (found,) = [finding for finding in findings if (finding.column, finding.kind) == (name, kind)]
    return found


def month(number, days=7, year=2026):
    start = datetime(year, number, 10, tzinfo=UTC)
    return Window(start, start + timedelta(days=days))


REFERENCE = profile_of(x=column(EVEN * 200_000), y=column(EVEN * 200_000))
SHIFTED = np.linspace(0.005, 0.095, 20)


@pytest.mark.parametrize("measure", MEASURES)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_a_window_of_the_reference_passes(measure, seed):
    draw = np.random.default_rng(seed)
    profile = profile_of(measure, x=column(EVEN * 200_000, 10_000, 2_000))
    chances = np.append(EVEN * 200, [10, 2]) / 212
    bins = draw.multinomial(4_000, chances)
    found = compare(profile, window_of(x=numbers(bins[:20], bins[20], bins[21])))
    assert verdicts(found) == {"distribution": PASSED, "missing": PASSED, "outside": PASSED}
    assert all(finding.why == "" for finding in found)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_clear_change_fails_and_only_in_its_column(measure):
    draw = np.random.default_rng(0)
    profile = profile_of(measure, x=column(EVEN * 200_000), y=column(EVEN * 200_000))
    counts = window_of(x=numbers(draw.multinomial(5_000, SHIFTED)), y=numbers(draw.multinomial(5_000, EVEN)))
    found = compare(profile, counts)
    assert [(each.column, each.kind) for each in found if each.verdict is FAILED] == [("x", "distribution")]
    drifted = the(found, "distribution")
    assert drifted.distance.low > drifted.limit == 0.1
    assert (drifted.n, drifted.measure, drifted.ordinary, drifted.season) == (5_000, measure, None, ())


@pytest.mark.parametrize("rows", [10**6, 10**7, 10**9])
@pytest.mark.parametrize("measure", MEASURES)
def test_ever_so_many_rows_do_not_fail_at_a_trifle(rows, measure):
    draw = np.random.default_rng(rows)
    profile = profile_of(
        measure, **{f"c{place}": column(draw.multinomial(10 * rows, EVEN)) for place in range(20)}
    )  # fmt: skip
    # Shown beyond doubt, but tiny: at most 0.02 by every measure.
    trifle = EVEN + np.where(np.arange(20) < 10, 0.001, -0.001)
    counts = window_of(**{name: numbers(draw.multinomial(rows, trifle)) for name in profile.columns})
    found = [each for each in compare(profile, counts) if each.kind == "distribution"]
    assert {each.verdict for each in found} == {PASSED}
    assert all(each.distance.low > 0 for each in found)


def test_few_rows_of_a_change_at_the_limit_are_inconclusive():
    chances = EVEN * np.repeat([1.27, 0.73], 10)
    draw = np.random.default_rng(1)
    found = [
        the(
            compare(REFERENCE, window_of(x=numbers(draw.multinomial(200, chances)), y=numbers(EVEN * 200))),
            "distribution",
        )
        for _ in range(20)
    ]
    undecided = [each for each in found if each.verdict is INCONCLUSIVE]
    assert len(undecided) >= 15
    assert {each.why for each in undecided} == {"the bounds hold the limit"}


@pytest.mark.parametrize("rows", [0, 1, 49])
def test_too_few_rows_decide_nothing(rows):
    bins = [rows] + [0] * 19
    found = compare(profile_of(x=column(EVEN * 200_000)), window_of(x=numbers(bins)))
    assert {each.verdict for each in found} == {INCONCLUSIVE}
    assert {each.why for each in found} == {f"n = {rows} is below min_n = 50"}
    assert all((each.distance is None) == (rows == 0) for each in found)


def test_a_window_without_rows_is_never_passed_whatever_the_limits():
    found = compare(REFERENCE, window_of(x=numbers([0] * 20), y=numbers([0] * 20)), limits=DriftLimits(min_n=0))
    assert {each.verdict for each in found} == {INCONCLUSIVE}
    assert {each.why for each in found} == {"n = 0 is below min_n = 1"}


def test_a_column_that_lost_all_its_values_fails_as_missing_alone():
    found = compare(profile_of(x=column(EVEN * 200_000)), window_of(x=numbers([0] * 20, nulls=400, odd=600)))
    assert verdicts(found) == {"distribution": INCONCLUSIVE, "missing": FAILED, "outside": INCONCLUSIVE}
    assert the(found, "missing").distance.value == pytest.approx(1, abs=1e-3)
    assert the(found, "distribution").why == "n = 0 is below min_n = 50"


@pytest.mark.parametrize(("nulls", "odd"), [(300, 0), (0, 300), (150, 150)])
def test_nulls_and_odd_numbers_are_missing(nulls, odd):
    found = compare(profile_of(x=column(EVEN * 200_000)), window_of(x=numbers(EVEN * 2_000, nulls, odd)))
    assert verdicts(found) == {"distribution": PASSED, "missing": FAILED, "outside": PASSED}
    assert the(found, "missing").distance.value == pytest.approx(300 / 2_300, abs=0.01)
    assert the(found, "missing").n == 2_300


def test_fewer_missing_values_than_usual_fail_too():
    profile = profile_of(x=column(EVEN * 200_000, nulls=200_000))
    assert verdicts(compare(profile, window_of(x=numbers(EVEN * 2_000))))["missing"] == FAILED


@pytest.mark.parametrize(("below", "above"), [(60, 0), (0, 60), (30, 30)])
def test_numbers_beyond_the_reference_are_outside(below, above):
    counts = window_of(x=numbers(EVEN * 2_000, below=below, above=above))
    found = compare(profile_of(x=column(EVEN * 200_000)), counts)
    assert verdicts(found)["outside"] == FAILED
    assert the(found, "outside").distance.value == pytest.approx(60 / 2_060, abs=0.005)
    few = window_of(x=numbers(EVEN * 2_000, below=below // 30, above=above // 30))
    assert verdicts(compare(profile_of(x=column(EVEN * 200_000)), few))["outside"] == PASSED


def test_categories_never_seen_are_new_where_all_were_kept():
    counts = window_of(x=([950, 950, 100], 0, 0))
    known = profile_of(x=category([100_000, 100_000, 0]))
    found = compare(known, counts)
    assert set(verdicts(found)) == {"distribution", "missing", "new"}
    assert the(found, "new").verdict is FAILED
    assert the(found, "new").distance.value == pytest.approx(0.05, abs=0.005)
    # Where the reference had others, too, nobody knows whether one is new.
    others = profile_of(x=category([95_000, 95_000, 10_000], complete=False))
    assert verdicts(compare(others, counts)) == {"distribution": PASSED, "missing": PASSED}


@pytest.mark.parametrize("measure", ["wasserstein", "kolmogorov_smirnov"])
def test_categories_have_no_order(measure):
    profile = profile_of(measure, x=category([50_000, 100_000, 50_000, 0]))
    found = compare(profile, window_of(x=([1_000, 500, 500, 0], 0, 0)))
    assert the(found, "distribution").measure == "total_variation"
    assert the(found, "distribution").verdict is FAILED
    assert the(found, "distribution").distance.value == pytest.approx(0.25, abs=0.02)


def test_one_absurd_value_does_not_hide_a_column_from_wasserstein():
    profile = profile_of("wasserstein", x=column(EVEN * 200_000))
    bins, nulls, odd = numbers(SHIFTED * 5_000, above=1)
    for high in (21.0, 1e300, 1.7e308):
        counts = window_of(x=(bins, nulls, odd))
        counts.columns["x"].low[0], counts.columns["x"].high[0] = 0.5, high
        found = the(compare(profile, counts), "distribution")
        assert found.verdict is not PASSED
        assert math.isfinite(found.distance.high)


def test_a_reference_without_values_decides_nothing_but_that_there_are_some():
    profile = profile_of(
        x=ColumnProfile(kind="number", parts={WHOLE: PartCounts(bins=(0,), nulls=5_000)}),
        y=ColumnProfile(kind="category", parts={WHOLE: PartCounts(bins=(0,), nulls=5_000)}),
    )
    found = compare(profile, window_of(x=([900], 100, 0), y=([900], 100, 0)))
    assert verdicts(found, "x") == {"distribution": INCONCLUSIVE, "missing": FAILED}
    assert verdicts(found, "y") == {"distribution": INCONCLUSIVE, "missing": FAILED, "new": INCONCLUSIVE}
    assert the(found, "new", "y").why == "the reference holds no value"


def seasonal(**more):
    """Two months that have nothing in common, and a third with few rows."""
    cold, warm = np.repeat([0.1, 0.0], 10), np.repeat([0.0, 0.1], 10)
    parts = {
        "1": PartCounts(bins=(0, *map(int, cold * 100_000), 0)),
        "7": PartCounts(bins=(0, *map(int, warm * 100_000), 0)),
    }
    whole = (cold + warm) * 100_000
    return profile_of(first="2025-01-01T00:00:00+00:00", x=column(whole, parts=parts, **more)), cold, warm


def test_a_window_is_compared_with_its_own_months():
    profile, cold, warm = seasonal()
    january = compare(profile, window_of(x=numbers(cold * 2_000)), month(1))
    assert verdicts(january) == {"distribution": PASSED, "missing": PASSED, "outside": PASSED}
    assert {each.season for each in january} == {("January",)}
    wrong = the(compare(profile, window_of(x=numbers(warm * 2_000)), month(1)), "distribution")
    assert (wrong.verdict, wrong.covered) == (FAILED, True)
    both = Window(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
    assert the(compare(profile, window_of(x=numbers(warm * 2_000)), both), "distribution").season == ("July",)


def test_without_a_window_everything_is_the_reference():
    profile, cold, warm = seasonal()
    found = the(compare(profile, window_of(x=numbers(cold * 2_000))), "distribution")
    assert (found.verdict, found.season, found.covered) == (FAILED, (), True)
    assert the(compare(profile, window_of(x=numbers((cold + warm) * 1_000))), "distribution").verdict is PASSED


@pytest.mark.parametrize("window", [month(4), month(1, days=40)])
def test_months_that_the_reference_lacks_may_be_the_season_but_nothing_excuses_missing_values(window):
    profile, cold, _ = seasonal()
    found = compare(profile, window_of(x=numbers(cold * 2_000, nulls=400, above=100)), window)
    assert verdicts(found) == {"distribution": INCONCLUSIVE, "missing": FAILED, "outside": INCONCLUSIVE}
    assert {each.covered for each in found} == {False}
    assert the(found, "distribution").why == "the reference holds no such months: it may be the season"
    usual = compare(profile, window_of(x=numbers(np.full(20, 100))), window)
    assert the(usual, "distribution").verdict is PASSED


def two_months(january, february, **more):
    """The bins of two months as the whole reference, of a window in April."""
    parts = {
        WHOLE: PartCounts(bins=tuple(map(sum, zip(january, february, strict=True)))),
        "1": PartCounts(bins=tuple(january)),
        "2": PartCounts(bins=tuple(february)),
    }
    return ColumnProfile(**{"kind": "number", "cuts": (0.0, 1.0, 2.0), "spread": 0.5, "parts": parts, **more})


LIKE = {"january": (0, 5_000, 5_000, 0), "february": (0, 5_000, 5_000, 0)}
RISING = {"january": (0, 9_000, 1_000, 0), "february": (0, 1_000, 9_000, 0)}
NAMES = {"kind": "category", "cuts": (), "names": ("red", "green", "blue")}


def in_april(profiled, bins, kind, low=None, high=None):
    profile = profile_of(first="2025-01-01T00:00:00+00:00", x=profiled)
    counts = window_of(x=(bins, 0, 0))
    if low is not None:
        counts.columns["x"].low[0], counts.columns["x"].high[0] = low, high
    return the(compare(profile, counts, month(4)), kind)


@pytest.mark.parametrize(
    ("more", "kind", "bins"),
    [
        ({}, "outside", [0, 0, 0, 800]),
        ({}, "outside", [800, 0, 0, 0]),
        ({}, "outside", [0, 100, 100, 600]),
        (NAMES, "new", [0, 0, 0, 800]),
        (NAMES, "new", [100, 0, 100, 600]),
    ],
)
def test_most_rows_never_seen_the_like_of_are_no_season_of_a_column_that_knows_none(more, kind, bins):
    found = in_april(two_months(**LIKE, **more), bins, kind)
    assert (found.verdict, found.covered, found.why) == (FAILED, False, "")
    # Where the months that the reference has differ, one that it lacks may differ from all of them.
    seasonal = in_april(two_months(**RISING, **more), bins, kind)
    assert (seasonal.verdict, seasonal.why) == (
        INCONCLUSIVE,
        "the reference holds no such months: it may be the season",
    )


@pytest.mark.parametrize("beyond", [50, 300, 410])
@pytest.mark.parametrize("more", [{}, NAMES])
def test_a_season_may_exceed_what_the_reference_has_unless_a_majority_is_shown(beyond, more):
    kind = "new" if more else "outside"
    bins = [0, 400 - beyond // 2, 400 - beyond // 2, beyond]
    assert in_april(two_months(**LIKE, **more), bins, kind).verdict is INCONCLUSIVE


def test_no_season_takes_all_numbers_far_off():
    # The range is two wide: ten widths off are 20 above 2, or below 0.
    for low, high, verdict in ((22.5, 90.0, FAILED), (21.5, 90.0, INCONCLUSIVE), (5.0, 5_000.0, INCONCLUSIVE)):
        assert in_april(two_months(**RISING), [0, 0, 0, 800], "outside", low, high).verdict is verdict
    assert in_april(two_months(**RISING), [800, 0, 0, 0], "outside", -90.0, -20.5).verdict is FAILED
    assert in_april(two_months(**RISING), [800, 0, 0, 0], "outside", -90.0, -19.5).verdict is INCONCLUSIVE


def test_the_number_of_a_month_is_a_season():
    months = two_months((0, 9_000, 0, 0), (0, 0, 9_000, 0), cuts=(1.0, 2.0, math.nextafter(2.0, 3.0)))
    assert in_april(months, [0, 0, 0, 800], "outside", 12.0, 12.0).verdict is INCONCLUSIVE


def test_one_prediction_for_all_rows_is_no_season():
    prediction = column(EVEN * 200_000, role="prediction")
    bins, _, _ = numbers(np.eye(20)[7] * 300)
    assert in_april(prediction, bins, "distribution").verdict is FAILED
    # A feature may stand still, and so may the prediction of what was mostly said before.
    assert in_april(column(EVEN * 200_000), bins, "distribution").verdict is INCONCLUSIVE
    mostly = column(np.where(np.arange(20) == 7, 120_000, 4_000), role="prediction")
    assert in_april(mostly, bins, "distribution").verdict is INCONCLUSIVE
    bins[3] += 1
    assert in_april(prediction, bins, "distribution").verdict is INCONCLUSIVE


def test_of_private_columns_no_value_is_told():
    profile = profile_of(x=column(EVEN * 200_000), c=category([100_000, 100_000, 0]))
    counts = window_of(x=numbers(SHIFTED * 5_000, above=600), c=([200, 4_800, 900], 0, 0))
    counts.columns["x"].low[0], counts.columns["x"].high[0] = 0.5, 77.25
    told = {(each.column, each.kind): each.moved for each in compare(profile, counts)}
    hidden = {(each.column, each.kind): each.moved for each in compare(profile, counts, private={"x", "c"})}
    assert "77.25" in told["x", "outside"]
    assert "'c0'" in told["c", "distribution"]
    assert {key for key, moved in hidden.items() if moved} == {("x", "missing"), ("c", "missing"), ("c", "new")}
    assert {each.verdict for each in compare(profile, counts, private={"x", "c"})} == {
        each.verdict for each in compare(profile, counts)
    }


def test_a_few_hours_of_a_month_do_not_show_its_season():
    profile, cold, _ = seasonal()
    edge = {**profile.columns["x"].parts, "2": PartCounts(bins=(0, *[2] * 20, 0))}
    short = profile.model_copy(update={"columns": {"x": profile.columns["x"].model_copy(update={"parts": edge})}})
    counts = window_of(x=numbers(cold * 2_000))
    assert not the(compare(short, counts, month(2)), "distribution").covered
    assert the(compare(short, counts, month(2), DriftLimits(min_n=40)), "distribution").season == ("February",)


def test_a_reference_without_times_knows_no_seasons():
    found = compare(REFERENCE, window_of(x=numbers(SHIFTED * 5_000), y=numbers(EVEN * 5_000)), month(4))
    assert the(found, "distribution").verdict is FAILED
    assert the(found, "distribution").covered


def test_what_is_ordinary_for_windows_of_the_reference_is_no_news():
    counts = window_of(x=numbers(SHIFTED * 5_000))
    usual = {"distribution": tuple(0.3 + place / 100 for place in range(12))}
    found = the(compare(profile_of(x=column(EVEN * 200_000, ordinary=usual)), counts), "distribution")
    assert (found.verdict, found.limit) == (PASSED, found.ordinary)
    assert 0.41 <= found.ordinary < 0.6
    # Seven windows are too few to tell.
    few = {"distribution": usual["distribution"][:7]}
    found = the(compare(profile_of(x=column(EVEN * 200_000, ordinary=few)), counts), "distribution")
    assert (found.verdict, found.limit, found.ordinary) == (FAILED, 0.1, None)


def test_limits_are_those_that_are_given():
    counts = window_of(x=numbers(SHIFTED * 5_000, nulls=1_000, above=200))
    loose = DriftLimits(fail_above=0.5, missing=0.4, outside=0.2)
    assert set(verdicts(compare(profile_of(x=column(EVEN * 200_000)), counts, limits=loose)).values()) == {PASSED}
    strict = DriftLimits(fail_above=0.05, missing=0.01, outside=0.001)
    found = compare(profile_of(x=column(EVEN * 200_000)), counts, limits=strict)
    assert set(verdicts(found).values()) == {FAILED}
    assert [each.limit for each in found] == [0.05, 0.01, 0.001]


def test_a_column_that_counts_for_nothing_never_fails():
    profile = profile_of(
        x=column(EVEN * 200_000, weight=0.0), y=column(EVEN * 200_000, weight=2.0)
    )  # fmt: skip
    found = compare(profile, window_of(x=numbers(SHIFTED * 5_000), y=numbers(SHIFTED * 5_000)))
    assert the(found, "distribution", "x").verdict is INCONCLUSIVE
    assert the(found, "distribution", "y").verdict is FAILED


@pytest.mark.parametrize("rows", [100, 1_000, 20_000])
def test_without_a_change_alarms_are_rare_among_many_columns(rows):
    draw = np.random.default_rng(rows)
    alarms = 0
    for _ in range(40):
        profile = profile_of(**{f"c{place}": column(draw.multinomial(20_000, EVEN)) for place in range(15)})
        counts = window_of(**{name: numbers(draw.multinomial(rows, EVEN)) for name in profile.columns})
        alarms += any(each.verdict is FAILED for each in compare(profile, counts))
    assert alarms <= 2


def test_the_order_of_columns_and_repetition_change_nothing():
    counts = window_of(x=numbers(SHIFTED * 5_000), y=numbers(EVEN * 5_000))
    turned = profile_of(y=REFERENCE.columns["y"], x=REFERENCE.columns["x"])
    once = compare(REFERENCE, counts)
    assert compare(REFERENCE, counts) == once
    assert set(compare(turned, counts)) == set(once)


def test_from_tables_to_findings():
    draw = np.random.default_rng(8)

    def table(rows, shift=0.0):
        return pa.table(
            {
                "price": pa.array(draw.lognormal(shift, 1, rows), mask=draw.random(rows) < 0.02),
                "stock": draw.integers(0, 9, rows),
                "shop": draw.choice(["north", "south", "west"], rows),
                "open": draw.random(rows) < 0.4,
            }
        )

    profile = make_profile(
        table(20_000), Wanted(dict.fromkeys(["price", "stock", "shop", "open"], "feature")), made_from="sha256:1"
    )
    profile = Profile.from_json(profile.to_json(), name="profile.json")

    def failed(current):
        counts = count_rows(current.to_batches(max_chunksize=777), profile.bins)
        return {(each.column, each.kind) for each in compare(profile, counts) if each.verdict is FAILED}

    assert failed(table(3_000)) == set()
    assert failed(table(3_000, shift=1.0)) == {("price", "distribution")}
    opened = pa.array(["north", "south", "west", "east"] * 750)
    assert failed(table(3_000).set_column(2, "shop", opened)) == {("shop", "distribution"), ("shop", "new")}
    gone = pa.nulls(3_000, pa.int64())
    assert failed(table(3_000).set_column(1, "stock", gone)) == {("stock", "missing")}


def test_bins_of_a_profile_are_numeric_or_of_categories():
    assert isinstance(REFERENCE.bins["x"], NumericBins)
