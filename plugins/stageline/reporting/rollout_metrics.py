"""The limits of a rollout as cards: the newest numbers in words, and two charts over the looks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from stageline.reporting.charts.drawing import drawable
from stageline.reporting.charts.panel import Unit
from stageline.reporting.charts.rollout_metric import Scene, draw_arms, draw_bounds, draw_test
from stageline.reporting.charts.rollout_share import span_of
from stageline.reporting.formats import NOTHING, SPACE, number, signed
from stageline.reporting.rollout_content import AbTestView, Kind, MetricView, RolloutContent
from stageline.verdicts import Verdict

WIDE, NARROW = 476, 310
TEST_WIDE, TEST_NARROW = 1000, 340
Pictures = list[tuple[str, str]]

_SHARE, _POINTS = Unit(100, f"{SPACE}%"), Unit(100, f"{SPACE}points")
_MILLISECONDS, _PLAIN = Unit(1, f"{SPACE}ms"), Unit()
_AXIS_POINTS = Unit(100)


class _Shape(NamedTuple):
    """How a kind of limit is shown.

    :param arms: Unit of canary and champion; none: only one number is held against the limit.
    :param unit: Of what is held against the limit.
    :param signed: Whether that may lie below zero.
    :param held: What it is, in words.
    """

    title: str
    arms: Unit | None
    unit: Unit
    signed: bool
    held: str


_SHAPES: Mapping[Kind, _Shape] = {
    "error_rate": _Shape("Errors", _SHARE, _POINTS, True, "errors more than the champion's, in points"),
    "error_rate_own": _Shape("Errors of the canary alone", None, _SHARE, False, "share of its answers that are errors"),
    "latency": _Shape("Latency", _MILLISECONDS, _SHARE, True, "slower than the champion, in percent"),
    "latency_own": _Shape("Slow answers of the canary alone", None, _SHARE, False, "share of its answers above max_ms"),
    "predictions": _Shape("Predictions", _PLAIN, _PLAIN, False, "distance of the distributions, 0 to 1"),
    "kpi": _Shape("KPI: mean loss", _PLAIN, _SHARE, True, "more lost than with the champion, in percent"),
}


class MetricCard(NamedTuple):
    """One limit.

    :param about: What canary and champion are numbers of.
    :param canary: Its newest number, in words.
    :param value: What is held against the limit, in words, with its bounds.
    :param arms: Charts of canary and champion, for a screen and for a phone.
    """

    title: str
    name: str
    code: str
    verdict: Verdict
    about: str
    canary: str
    champion: str
    held: str
    value: str
    bounds: str
    limit: str
    message: str
    arms: Pictures
    against: Pictures


class TestCard(NamedTuple):
    """The A/B test.

    :param told: What it says, without the word.
    :param least: The least effect that matters, in words.
    """

    word: str
    tone: Verdict
    told: str
    value: str
    bounds: str
    least: str
    pictures: Pictures


def metric_cards(content: RolloutContent) -> list[MetricCard]:
    """Return a card for each limit, in the order in which they were judged."""
    return [_card(metric, content) for metric in content.metrics if metric.points]


def test_card(test: AbTestView, content: RolloutContent) -> TestCard:
    """Return the card of the A/B test."""
    unit = _POINTS if test.unit == "points" else _SHARE
    axis = _AXIS_POINTS if test.unit == "points" else _SHARE
    newest = test.points[-1] if test.points else None
    span = (test.points[0].at, test.points[-1].at) if test.points else span_of(content)
    began = max((step.began for step in content.steps if step.began <= span[0]), default=span[0])
    drawn = [
        (kind, draw_test(test, (began, span[1]), axis, width))
        for kind, width in (("wide", TEST_WIDE), ("narrow", TEST_NARROW))
    ]
    words, tone = _OUTCOMES[test.outcome]
    return TestCard(
        words, tone, test.sentence.removeprefix(f"{words}: "), _signed(newest.value if newest else None, unit),
        _bounds(newest.low, newest.high, unit) if newest else "no bounds yet",
        _told(test.least, unit), [(kind, svg) for kind, svg in drawn if svg is not None],
    )  # fmt: skip


_OUTCOMES = {
    "better": ("the canary is better", Verdict.PASSED),
    "worse": ("the canary is worse", Verdict.FAILED),
    "no_difference": ("no difference that matters", Verdict.WARNED),
    "undecided": ("undecided", Verdict.INCONCLUSIVE),
}


def _card(metric: MetricView, content: RolloutContent) -> MetricCard:
    shape, newest = _SHAPES[metric.kind], metric.points[-1]
    arms_unit = _SHARE if shape.arms and metric.by_class is not None else shape.arms
    limit = next((one.limit for one in reversed(metric.points) if drawable(one.limit)), None)
    shifts = [share.at for share in content.shares[1:]]
    scenes = [(kind, Scene(span_of(content), shifts, width)) for kind, width in (("wide", WIDE), ("narrow", NARROW))]
    arms = [(kind, draw_arms(metric.points, scene, arms_unit)) for kind, scene in scenes] if arms_unit else []
    axis = _AXIS_POINTS if shape.unit is _POINTS else shape.unit
    limit_words = f"limit {_told(limit, shape.unit)}"
    against = [
        (kind, draw_bounds(metric.points, scene, axis, limit_words, signed=shape.signed)) for kind, scene in scenes
    ]
    told = _signed if shape.signed else _told
    return MetricCard(
        title=_title(metric, shape), name=metric.name, code=metric.code, verdict=newest.verdict,
        about=_about(metric), canary=_told(newest.canary, arms_unit), champion=_told(newest.champion, arms_unit),
        held=shape.held, value=told(newest.value, shape.unit), bounds=_bounds(newest.low, newest.high, shape.unit),
        limit=_told(limit, shape.unit), message=metric.message, arms=_drawn(arms), against=_drawn(against),
    )  # fmt: skip


def _title(metric: MetricView, shape: _Shape) -> str:
    inside = metric.name.partition("(")[2].rstrip(")")
    return f"{shape.title}, {inside} quantile" if metric.kind == "latency" and inside else shape.title


def _about(metric: MetricView) -> str:
    match metric.kind:
        case "error_rate":
            return "share of answers that are errors"
        case "latency":
            return "quantile of the latency"
        case "kpi":
            return "mean loss of the answers whose true value is known"
        case "predictions" if metric.by_class is not None:
            return f"share of {metric.by_class}, which differs most"
        case "predictions":
            return "median, and the middle four fifths"
        case _:
            return ""


def _drawn(pictures: Sequence[tuple[str, str | None]]) -> Pictures:
    return [(kind, svg) for kind, svg in pictures if svg is not None]


def _told(value: float | None, unit: Unit | None) -> str:
    if value is None or not drawable(value):
        return NOTHING
    unit = unit or _PLAIN
    text = f"{number(unit.factor * value)}{unit.suffix}"
    return f"1{SPACE}point" if text == f"1{SPACE}points" else text


def _signed(value: float | None, unit: Unit) -> str:
    if value is None or not drawable(value):
        return NOTHING
    return f"{signed(unit.factor * value)}{unit.suffix}"


def _bounds(low: float | None, high: float | None, unit: Unit) -> str:
    """Return the bounds in words; one that is not known is said to be none."""
    below, above = drawable(low), drawable(high)
    if below and above:
        return f"{number(unit.factor * (low or 0.0))} to {number(unit.factor * (high or 0.0))}{unit.suffix}"
    if above:
        return f"at most {number(unit.factor * (high or 0.0))}{unit.suffix}"
    return f"at least {number(unit.factor * (low or 0.0))}{unit.suffix}" if below else "no bounds yet"
