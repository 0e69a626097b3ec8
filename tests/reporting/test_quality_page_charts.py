import math
import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.reporting.charts.histogram import HEIGHT, WIDTH, draw_histogram
from stageline.reporting.charts.shares import MOST_VALUES, Tally, value_shares
from stageline.reporting.charts.trend import MOST_RUNS, draw_trend
from stageline.reporting.formats import part, rare

FINITE = st.floats(allow_nan=False, allow_infinity=False)
BINS = st.lists(FINITE, min_size=2, max_size=12).map(sorted).flatmap(
    lambda edges: st.tuples(
        st.just(edges), st.lists(st.integers(0, 10**9), min_size=len(edges) - 1, max_size=len(edges) - 1)
    )
)  # fmt: skip


def paths(svg):
    tree = ET.fromstring(svg)  # noqa: S314 - our own
    return {node.get("class"): points(node.get("d")) for node in tree.iter() if node.get("d")}


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def area(path):
    return sum((x2 - x1) * (HEIGHT - (y1 + y2) / 2) for (x1, y1), (x2, y2) in pairwise(path))


@given(BINS, st.none() | BINS)
def test_a_histogram_stays_in_its_picture(now, before):
    chart = draw_histogram(now, before)
    if chart is None:
        return
    assert chart.low <= chart.high
    for name, path in paths(chart.svg).items():
        assert name in {"now", "before", "ground"}
        assert all(-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= HEIGHT for x, y in path)


def test_both_runs_have_the_same_area_whatever_their_bins_and_rows():
    now = ([0, 1, 2, 3, 4], [10, 20, 30, 40])
    before = ([0, 2, 4], [3_000, 7_000])
    drawn = paths(draw_histogram(now, before).svg)
    assert area(drawn["now"]) == pytest.approx(area(drawn["before"]), rel=0.01)


def test_a_moved_distribution_is_drawn_beside_the_reference():
    drawn = paths(draw_histogram(([5, 6, 7], [1, 1]), ([0, 1, 2], [1, 1])).svg)
    assert max(x for x, _ in drawn["before"]) < min(x for x, _ in drawn["now"])


def test_rare_values_are_still_seen():
    drawn = paths(draw_histogram(([0, 1, 2], [1, 10**9])).svg)
    assert drawn["now"][1][1] == HEIGHT - 1


def test_a_single_value_is_a_bar_in_the_middle():
    chart = draw_histogram(([3, 3], [17]))
    assert (chart.low, chart.high) == (3, 3)
    assert {x for x, _ in paths(chart.svg)["now"]} == {0.45 * WIDTH, 0.55 * WIDTH}


def test_a_column_that_lost_all_values_shows_the_reference_alone():
    drawn = paths(draw_histogram(([0, 1], [0]), ([0, 1], [4])).svg)
    assert "before" in drawn
    assert "now" not in drawn


@pytest.mark.parametrize("bins", [None, ([0, 1], [0]), ([-1.7e308, 1.7e308], [1])])
def test_without_numbers_to_draw_there_is_no_histogram(bins):
    assert draw_histogram(bins) is None


NUMBERS = st.none() | st.floats(width=32)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=80), st.booleans())
def test_a_trend_stays_in_its_picture(runs, alert):
    svg = draw_trend(runs, alert=alert)
    known = [value for value, _, _ in runs[-MOST_RUNS:] if value is not None and math.isfinite(value)]
    assert (svg is None) is not known
    if svg is not None:
        numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*", svg[svg.index("<path") :])]
        assert all(0 <= number <= 260 for number in numbers)


def test_a_run_without_a_value_leaves_a_gap():
    svg = draw_trend([(1, 0, 2), (2, 0, 2), (None, None, None), (1, 0, 2), (2, 0, 2)])
    line, band = (re.search(rf'class="{name}" d="([^"]*)"', svg)[1] for name in ("line", "band"))
    assert line.count("M") == band.count("M") == band.count("Z") == 2


def test_a_value_above_its_band_is_drawn_above_it():
    drawn = paths(draw_trend([(1, 0, 2), (9, 0, 2)], alert=True))
    assert drawn["line"][-1][1] < min(y for _, y in drawn["band"])


def test_a_constant_metric_is_a_level_line():
    drawn = paths(draw_trend([(5, None, None)] * 3))
    assert len({y for _, y in drawn["line"]}) == 1


def test_the_most_frequent_values_of_either_run_are_kept():
    now = Tally({f"v{i}": 10 - i for i in range(9)})
    before = Tally({"gone": 60, "v0": 40})
    shares = value_shares(now, before)
    assert len(shares) == MOST_VALUES + 1
    assert [one.value for one in shares[:2]] == ["gone", "v0"]
    assert (shares[0].now, shares[0].before) == (0.0, 0.6)
    assert sum(one.now for one in shares) == pytest.approx(1)
    assert sum(one.before for one in shares) == pytest.approx(1)


def test_a_value_that_may_hide_among_others_is_unknown():
    shares = value_shares(Tally({"new": 5}), Tally({"old": 5}, others=5))
    by_value = {one.value: one for one in shares}
    assert by_value["new"].before is None
    assert by_value["old"].now == 0.0
    assert by_value[None].before == 0.5


def test_nothing_counted_is_no_share():
    assert value_shares(Tally({}), None) == []
    assert value_shares(Tally({"a": 0}), None)[0].now is None


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.00001, "< 0.1 %"), (0.0012, "0.1 %"), (0.5, "50 %"), (1, "100 %"), (None, "\N{EN DASH}")],
)
def test_a_small_share_is_never_shown_as_none(share, text):
    assert rare(share).replace("\N{NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("count", "total", "text"), [(0, 10, "0"), (0, 0, "0"), (1, 17_379, "1 (< 0.1 %)"), (5_000, 10_000, "5,000 (50 %)")]
)
def test_a_count_with_its_share(count, total, text):
    assert part(count, total).replace("\N{NO-BREAK SPACE}", " ") == text
