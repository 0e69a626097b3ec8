"""The monitoring page's drawings: shares, axes, gaps and names that cover no other."""

import itertools
import math
import re
from datetime import timedelta

import monitor_samples as samples
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.reporting.charts.against_limit import draw_against_limit
from stageline.reporting.charts.over_time import place_marks, releases_between, stretches
from stageline.reporting.charts.performance import draw_loss, draw_performance
from stageline.reporting.charts.spread import draw_spread
from stageline.reporting.monitor_content import BoundsView, DistributionView, FunnelView, ReleaseMark, WindowCounts
from stageline.reporting.monitor_funnel import funnel_stages

GOAL = samples.full().goal


# --- the spread of one column


def areas(svg, kind):
    """Return the areas of a kind's shapes, in pixels."""
    found = []
    for path in re.findall(rf'<path class="{kind}" d="M([^"]+)"', svg):
        if "v" in path:
            rise, width = re.search(r"v(-[0-9.]+)h([0-9.]+)", path).groups()
            found.append(-float(rise) * float(width))
            continue
        points = [tuple(map(float, each.split())) for each in path.split("L")]
        found.append(sum((b[0] - a[0]) * (72 - a[1]) for a, b in itertools.pairwise(points)))
    return found


def test_equal_counts_give_equal_shapes():
    chart = draw_spread((0, 1, 2, 3), (0, 5, 3, 2, 0), (0, 10, 6, 4, 0))
    now, before = (re.findall(rf'class="{kind}" d="([^"]+)"', chart.svg) for kind in ("now", "before"))
    assert now == before
    assert (chart.low, chart.high, chart.below, chart.above) == (0, 3, (0, 0), (0, 0))


def test_what_the_reference_never_held_is_a_bar_of_its_own():
    chart = draw_spread((0, 1, 2), (0, 5, 5, 0), (3, 5, 1, 1))
    assert (chart.below, chart.above) == ((0.3, 0), (0.1, 0))
    assert chart.svg.count('class="now never"') == 2


def test_one_value_far_away_does_not_hide_the_others():
    cuts = (0, *range(1, 20), 10_000)
    chart = draw_spread(cuts, (0, *([5] * 20), 0), (0, *([5] * 20), 0))
    assert chart.high < 100
    assert chart.above[0] == chart.above[1] > 0
    assert "never" not in chart.svg


def test_one_single_value_stands_in_the_middle():
    chart = draw_spread((7.0, math.nextafter(7.0, 8)), (0, 50, 0), (0, 20, 0))
    assert chart.low < 7 < chart.high
    assert len(re.findall("<path", chart.svg)) == 3


@pytest.mark.parametrize(
    ("cuts", "reference", "current"),
    [((), (5,), (5,)), ((0, 1), (0, 0, 0), (0, 5, 0)), ((0, 1), (0, 5, 0), (0, 0, 0)), ((-1e308, 1e308), (0, 1, 0), (0, 1, 0))],
)  # fmt: skip
def test_without_numbers_there_is_no_chart(cuts, reference, current):
    assert draw_spread(cuts, reference, current) is None


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_row_is_drawn_once(data):
    cuts = sorted(data.draw(st.sets(st.floats(-1e6, 1e6), min_size=2, max_size=12)))
    counts = [
        data.draw(st.lists(st.integers(0, 50), min_size=len(cuts) + 1, max_size=len(cuts) + 1).filter(any))
        for _ in "ab"
    ]
    chart = draw_spread(cuts, *counts)
    if chart is None:
        return
    inside = {}
    for kind, which in (("now", 0), ("before", 1)):
        assert 0 <= chart.below[which] <= 1 + 1e-9
        assert chart.below[which] + chart.above[which] <= 1 + 1e-9
        inside[kind] = areas(chart.svg, kind)[0]
    # A shape's area is its share; those of single pixels are drawn larger than they are.
    shares = [1 - chart.below[which] - chart.above[which] for which in (0, 1)]
    if min(shares) > 0.9:
        assert inside["now"] / inside["before"] == pytest.approx(shares[0] / shares[1], rel=0.2)


def test_a_distribution_with_the_wrong_number_of_counts_is_refused():
    with pytest.raises(ValueError, match="a distribution of 3 bins has as many counts twice; found 3 and 2"):
        DistributionView(kind="number", cuts=(0, 1), reference=(0, 1, 0), current=(0, 1))


# --- a measure against its limit


def test_bounds_and_limit_stand_in_their_order():
    svg = draw_against_limit(0.4, 0.3, 0.5, 0.1)
    limit = float(re.search(r'class="limit" d="M([0-9.]+)', svg)[1])
    low, high = map(float, re.search(r'class="span" d="M([0-9.]+) 9H([0-9.]+)', svg).groups())
    value = float(re.search(r'cx="([0-9.]+)"', svg)[1])
    assert 5 < limit < low < value < high < 155


@pytest.mark.parametrize("given_", [(None, 0, 1, 1), (1, 0, 1, None), (math.nan, 0, 1, 1), (0.0, 0.0, 0.0, 0.0)])
def test_what_cannot_be_placed_has_no_picture(given_):
    assert draw_against_limit(*given_) is None


def test_missing_bounds_leave_the_dot():
    assert "<circle" in draw_against_limit(0.4, None, math.inf, 0.1)


# --- windows and releases


def test_a_window_without_labels_and_one_that_is_missing_part_the_line():
    points = samples.history(8, gaps=(3,))
    assert [len(run) for run in stretches(points)] == [3, 4]
    assert [len(run) for run in stretches([*points[:6], points[7]])] == [3, 2, 1]


def test_overlapping_windows_are_one_line():
    day = timedelta(days=1)
    points = [
        point.model_copy(update={"start": samples.END + number * day - samples.WEEK, "end": samples.END + number * day})
        for number, point in enumerate(samples.history(5, gaps=()))
    ]
    assert [len(run) for run in stretches(points)] == [5]


def test_a_change_of_version_that_no_mark_tells_is_marked():
    points = samples.history(gaps=())
    (mark,) = releases_between(points, ())
    assert (mark.version, mark.kind, mark.at) == (3, "release", points[samples.LOST_FROM].start)
    told = ReleaseMark(at=points[samples.LOST_FROM].start - timedelta(hours=5), version=3)
    assert releases_between(points, (told,)) == [told]


def test_a_smaller_version_after_a_larger_is_a_rollback():
    points = [
        point.model_copy(update={"version": version})
        for point, version in zip(samples.history(3, gaps=()), (1, 2, 1), strict=True)
    ]
    assert [(mark.version, mark.kind) for mark in releases_between(points, ())] == [(2, "release"), (1, "rollback")]


def test_releases_of_another_time_are_left_out():
    points = samples.history(3, gaps=())
    far = ReleaseMark(at=points[0].start - timedelta(days=900), version=2)
    assert releases_between(points, (far,)) == []
    assert releases_between((), (far,)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1_000), st.booleans()), max_size=12), st.sampled_from([280, 350, 940]))
def test_no_name_of_a_release_covers_another(found, width):
    start, length = samples.END, timedelta(hours=1_000)
    marks = [
        ReleaseMark(at=start + timedelta(hours=hour), version=number + 1, kind="rollback" if back else "release")
        for number, (hour, back) in enumerate(sorted(found))
    ]
    placed = place_marks(marks, start, start + length, width)
    assert len(placed) == len(marks)
    for row in range(3):
        spans = [((mark.at - start) / length * width, len(mark.name) * 6.6 / 2) for mark in placed if mark.row == row]
        assert all(a[0] + a[1] < b[0] - b[1] for a, b in itertools.pairwise(spans))


def test_the_chart_has_its_series_goal_and_releases():
    svg = draw_performance(samples.history(), samples.full().marks, GOAL, 1_000, samples.full().estimated)
    for text in ("measured", "expected", "at release", "goal: at most 50", "v2", "v3", "back to v2"):
        assert f">{text}</text>" in svg
    assert "mean_absolute_error in rides" in svg


def test_the_loss_has_its_limit_and_average():
    svg = draw_loss(samples.history(), (), GOAL, 350)
    for text in ("measured", "smoothed", "limit 10\u00a0%", "v3"):
        assert f">{text}</text>" in svg


@pytest.mark.parametrize("points", [(), samples.history(2, gaps=(0, 1))])
def test_without_a_kpi_there_is_no_chart(points):
    assert draw_performance(points, (), GOAL, 1_000) is None
    assert draw_loss(points, (), GOAL, 1_000) is None


def test_bounds_that_are_no_numbers_leave_the_line():
    points = [
        point.model_copy(update={"kpi": BoundsView(value=point.kpi.value, low=None, high=math.inf)})
        for point in samples.history(3, gaps=())
    ]
    assert "measured" in draw_performance(points, (), GOAL, 350)


def test_a_hostile_name_of_a_metric_is_only_text():
    goal = GOAL.model_copy(update={"metric": "<script>x</script>", "unit": '"><img src=x>'})
    svg = draw_performance(samples.history(), (), goal, 1_000)
    assert "<script" not in svg
    assert "<img" not in svg


# --- the funnel


def stages(**changes):
    return {stage.name: stage for stage in funnel_stages(FunnelView(**changes))}


def test_each_share_is_of_the_stage_before():
    found = stages(now=samples.full().funnel.now)
    assert [round(stage.share, 3) for stage in list(found.values())[1:]] == [0.994, 0.998, 0.949, 0.74]
    assert found["KPI met"].of_all == pytest.approx(2_003 / 2_016 * 1_998 / 2_003 * 1_900 / 2_003 * 0.74)


def test_a_scoring_run_of_another_table_is_not_multiplied_into_the_window():
    found = stages(now=WindowCounts(rows=100, scored=90, batch_in=1_000, batch_left_out=500))
    assert found["passed"].of_all == 0.5
    assert (found["scored"].share, found["scored"].of_all, found["scored"].of_what) == (0.9, 0.9, "of rows in")


def test_what_is_not_known_is_said():
    found = stages(now=WindowCounts(rows=100), sentence="mae = 3, goal at most 2")
    assert found["passed"].unknown == "No scoring run is on record."
    assert found["labelled"].unknown == "No window's labels are on record."
    assert found["KPI met"].unknown == "mae = 3, goal at most 2"
    assert found["rows in"].unknown == ""


def test_a_window_without_rows_has_no_shares():
    found = stages(now=WindowCounts(rows=0, scored=0, predicted=0, labelled=0))
    assert [stage.share for stage in found.values()] == [None] * 5
    assert found["rows in"].count == 0


COUNT = st.none() | st.integers(0, 1_000)


@settings(deadline=None)
@given(st.builds(WindowCounts, rows=COUNT, scored=COUNT, batch_in=COUNT, batch_left_out=st.none(), predicted=COUNT,
                 labelled=COUNT, judged=COUNT, good=COUNT))  # fmt: skip
def test_shares_are_shares_whatever_was_counted(counts):
    for stage in funnel_stages(FunnelView(now=counts)):
        assert 0 <= stage.of_all <= 1
        assert stage.share is None or 0 <= stage.share <= 1
