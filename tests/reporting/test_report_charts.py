import subprocess
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import altair as alt
import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from stageline.reporting.charts import (
    draw_importance,
    draw_kpi,
    draw_reliability,
    draw_scatter,
    draw_timeline,
)
from stageline.reporting.charts.drawing import to_svg
from stageline.reporting.charts.hexagons import count_in_hexagons
from stageline.reporting.charts.importance import strongest
from stageline.reporting.charts.timeline import ends
from stageline.reporting.content import ImportanceView, KpiView, TimelinePoint

NAN, INF = samples.NAN, samples.INF
FIRST = datetime(1, 1, 1)  # noqa: DTZ001 - without a zone


def kpi(*values, goal=60.0, metric="mean_absolute_error", unit=None):
    return KpiView(
        metric=metric,
        greater_is_better=False,
        goal=goal,
        unit=unit,
        n=10,
        estimates=samples.estimates(*values),
    )


def importance(*values, names=None):
    names = names or [f"f{i}" for i in range(len(values))]
    return [
        ImportanceView(feature=name, value=value, low=value - 1, high=value + 1)
        for name, value in zip(names, values, strict=True)
    ]


def importance_at(*values):
    return [ImportanceView(feature=f"f{value}", value=value, low=value, high=value) for value in values]


def texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - our own


def drawings():
    content = samples.full()
    return {
        "kpi": draw_kpi(kpi(41.2, 98.3, 142), 540),
        "timeline": draw_timeline(content.timeline, 900, "cnt"),
        "scatter": draw_scatter([(i % 31, i % 29) for i in range(2000)], "cnt"),
        "few": draw_scatter([(1, 2), (2, 1)]),
        "reliability": draw_reliability([(0.1, 0.2, 30), (0.6, 0.5, 10)]),
        "importance": draw_importance(importance(3, 2, -1), 700, "mean_absolute_error"),
    }


def test_every_chart_is_the_same_twice_and_refers_to_nothing():
    first, second = drawings(), drawings()
    assert first == second
    for name, svg in first.items():
        assert ET.fromstring(svg).tag.endswith("svg"), name  # noqa: S314 - our own
        # Ids would clash between two charts of one page.
        for banned in (" id=", "url(", "href=", "<style", "<image", "NaN", "Infinity", "undefined"):
            assert banned not in svg, (name, banned)


def test_a_chart_does_not_depend_on_the_theme_of_the_process():
    plain = draw_kpi(kpi(1, 2, 3), 400)
    with alt.theme.enable("dark"):
        assert draw_kpi(kpi(1, 2, 3), 400) == plain


def test_a_chart_does_not_depend_on_the_time_zone(monkeypatch):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import report_samples as s;"
        "from stageline.reporting.charts import draw_timeline; print(draw_timeline(s.timeline(40), 500))"
    )
    folder = str(samples.__file__).rsplit("/", 1)[0]
    drawn = set()
    for zone in ("UTC", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        run = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, check=True, text=True)
        drawn.add(run.stdout)
    assert len(drawn) == 1


def test_nothing_is_fetched():
    def build():
        return alt.layer(alt.Chart(alt.UrlData(url="http://127.0.0.1:9/x.json")).mark_point().encode(x="a:Q"))

    with pytest.raises(ValueError, match="not allowed"):
        to_svg(build)


@pytest.mark.parametrize(
    "text", [*samples.HARM, "\N{PILE OF POO}" * 100, "<&" * 100, "漢字" * 100], ids=samples.short_id
)
def test_names_are_text_in_a_chart(text):
    svgs = [
        draw_kpi(kpi(41, 98, metric=text, unit=text), 400),
        draw_importance(importance(2, 1, names=[text, text]), 400, text),
        draw_scatter([(1, 2), (2, 3)], text),
    ]
    for svg in svgs:
        tags = {node.tag.rsplit("}")[-1] for node in ET.fromstring(svg).iter()}  # noqa: S314 - our own
        assert tags <= {"svg", "g", "path", "line", "rect", "text", "tspan"}
        assert len(svg) < 60_000


def test_a_chart_without_a_number_is_no_chart():
    assert draw_kpi(kpi(), 400) is None
    assert draw_kpi(kpi(NAN, INF, 1e300), 400) is None
    assert draw_importance(importance(NAN), 400, "m") is None
    assert draw_importance([], 400, "m") is None
    assert draw_scatter([(NAN, 1)]) is None
    assert draw_reliability([(0.5, 0.5, 0), (NAN, 0.2, 5)]) is None
    assert draw_timeline([], 400) is None
    assert draw_timeline(samples.timeline(1), 400) is None


def test_the_goal_is_named_and_values_stand_beside_their_points():
    seen = texts(draw_kpi(kpi(41.2, 98.3, 142.4), 540))
    assert {"goal: at most 60", "41.2", "98.3", "142", "model"} <= set(seen)
    assert not any("goal" in text for text in texts(draw_kpi(kpi(41.2, goal=NAN), 540)))


@pytest.mark.parametrize(
    ("values", "ticks"),
    [((41.2, 98.3, 142), {"100", "120"}), ((0.5, 0.8), {"0.6"}), ((2e6, 6e6), {"4M"}), ((2e-9, 6e-9), {"4e-9"})],
)
def test_ticks_are_numbers_for_people(values, ticks):
    assert ticks <= set(texts(draw_importance(importance_at(*values), 540, "m")))


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e9, -5.0, 1e14])
def test_one_estimate_of_any_size_is_drawn(value):
    svg = draw_kpi(kpi(value, goal=value), 400)
    assert "NaN" not in svg


def test_times_with_and_without_zone_and_from_the_calendars_ends():
    points = [
        TimelinePoint(time=time, actual=value, predicted=value)
        for time, value in (
            (datetime.max.replace(tzinfo=UTC), 1),
            (FIRST, 2),
            (datetime(2026, 1, 1), NAN),  # noqa: DTZ001 - without a zone
            (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=1), 3),
        )
    ]
    assert "NaN" not in draw_timeline(points, 400)
    assert ends(points) == (FIRST, datetime.max.replace(tzinfo=UTC))


def test_a_long_timeline_is_thinned():
    assert len(draw_timeline(samples.timeline(20_000), 900)) < 60_000


def test_the_strongest_features_come_first_and_the_rest_is_left_out():
    shown = strongest(importance(*range(40), NAN))
    assert [one.value for one in shown] == [float(value) for value in range(39, 24, -1)]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=80), st.integers(1, 30))
def test_hexagons_hold_every_point_near_their_centre(points, across):
    cells = count_in_hexagons(points, 0.0, 1.0, across)
    assert sum(count for _, _, count in cells) == len(points)
    reach = 1 / across / 3**0.5 + 1e-9
    for x, y in points:
        assert min((x - cx) ** 2 + (y - cy) ** 2 for cx, cy, _ in cells) <= reach**2
