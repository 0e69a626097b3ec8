"""The charts as files of their own."""

from report_samples import full, minimal

from stageline.reporting import draw_plots


def test_every_chart_with_values_is_drawn():
    plots = draw_plots(full())
    assert {"kpi.svg", "timeline.svg", "importance.svg"} <= set(plots)
    assert all(svg.startswith("<svg") for svg in plots.values())


def test_without_values_there_is_no_chart():
    assert draw_plots(minimal()) == {}
