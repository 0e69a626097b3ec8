"""Contents of monitoring pages: the least, a window in which much went wrong, and one of hostile names."""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from stageline.reporting import MonitorContent
from stageline.reporting.content import StepLine
from stageline.reporting.monitor_content import (
    BoundsView,
    BurnView,
    DistributionView,
    EstimatedView,
    FunnelView,
    GoalView,
    IncidentView,
    LabelsView,
    MoneyView,
    ObjectiveView,
    PerformancePoint,
    ReleaseMark,
    SpanView,
    WindowCounts,
)
from stageline.verdicts import Check, Severity, Verdict

WEEK = timedelta(days=7)
END = datetime(2026, 6, 1, tzinfo=UTC)
WINDOWS = 20
LOST_FROM = 14
MADE = datetime(2026, 6, 1, 0, 12, tzinfo=UTC)
CODES = {"distribution": "SL-M001", "missing": "SL-M002", "outside": "SL-M003", "new": "SL-M004"}
NAMES = {"missing": "missing", "outside": "outside", "new": "new_categories"}


def window(number=WINDOWS - 1, end=END):
    last = end - (WINDOWS - 1 - number) * WEEK
    return SpanView(start=last - WEEK, end=last)


def measured(column, kind="distribution", value=0.03, verdict=Verdict.PASSED, limit=0.1, code=None, **changes):
    name = f"{NAMES.get(kind, 'jensen_shannon')}({column})"
    low, high = (None, None) if value is None else (max(value - 0.02, 0), value + 0.025)
    message = f"{name} = {value} (90% bounds {low} to {high}), limit {limit} (n = 2,016, against May)"
    return Check(
        code=code or CODES[kind], name=name, verdict=verdict, message=message, value=value, limit=limit, n=2_016,
        details={"column": column, "kind": kind, "low": low, "high": high, "season": ["May"], "covered": True},
        **changes,
    )  # fmt: skip


def numbers(shift=0.0, scale=1.0, bins=20):
    """Return counts of a bell in bins of equal shares of the reference, and of one that is shifted and scaled."""
    cuts = [-3.2, *(_quantile(step / bins) for step in range(1, bins)), 3.2]
    shares = [_below((cut - shift) / scale) for cut in cuts]
    rows = [shares[0], *(b - a for a, b in pairwise(shares)), 1 - shares[-1]]
    reference = [0, *([400] * bins), 0]
    return DistributionView(
        kind="number", cuts=tuple(round(20 + 6 * cut, 3) for cut in cuts), reference=tuple(reference),
        current=tuple(round(2_016 * share) for share in rows),
    )  # fmt: skip


def skewed():
    """Return counts with a value that a third of the rows have, and a tail that is far longer than the rest."""
    edges = [0.0, math.nextafter(0.0, 1), 0.2, 0.4, 0.7, 1.1, 1.6, 2.4, 3.5, 5.2, 9.0, 240.0]
    reference = (0, 2_700, 590, 600, 610, 600, 590, 600, 610, 600, 610, 590, 0)
    current = (0, 510, 140, 150, 150, 150, 150, 150, 152, 155, 150, 140, 19)
    return DistributionView(kind="number", cuts=tuple(edges), reference=reference, current=current)


def categories(names=("clear", "mist", "rain", "snow"), now=(900, 520, 420, 30, 146), then=(5_200, 2_100, 600, 80, 0)):
    return DistributionView(kind="category", names=names, reference=then, current=now)


def _below(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def _quantile(share):
    low, high = -6.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle) < share else (low, middle)
    return low


QUIET = ("atemp", "hour", "weekday", "holiday", "windspeed", "season", "pressure", "dew_point")


def drift_checks(a="temp", b="weather", c="hum"):
    bad = {"verdict": Verdict.FAILED}
    checks = [
        measured(a, value=0.41, **bad), measured(a, "outside", value=0.12, limit=0.01, **bad), measured(a, "missing"),
        measured(b, value=0.27, **bad), measured(b, "new", value=0.07, limit=0.01, **bad), measured(b, "missing"),
        measured(c, "missing", value=0.19, limit=0.05, **bad), measured(c, value=0.02),
        measured("visibility", value=0.11, verdict=Verdict.INCONCLUSIVE),
        measured("unused", value=0.5, severity=Severity.INFO, **bad),
        measured("model.confidence", value=0.22, code="SL-M006", **bad),
        measured("model.prediction", value=0.05, code="SL-M005"),
        measured("model.reconstruction", value=0.07, code="SL-M007"),
    ]  # fmt: skip
    checks += [check for name in QUIET for check in (measured(name, value=0.02), measured(name, "missing", value=0.0))]
    checks.append(
        Check(code="SL-M009", name=f"persistent(jensen_shannon({a}))", verdict=Verdict.FAILED, value=2, limit=2, n=3,
              message=f"jensen_shannon({a}) was above its limit in 2 of the last 3 runs (persist: k = 2, n = 3)",
              details={"code": "SL-M001", "name": f"jensen_shannon({a})"})
    )  # fmt: skip
    return tuple(checks)


def bounds(value, room, **given):
    return BoundsView(value=value, low=value - room, high=value + room, **given)


def history(count=WINDOWS, gaps=(5, 11)):
    """Return windows that lose a third from the release of version 3 on."""
    points = []
    smoothed = 0.0
    for number in range(count):
        span = window(number)
        if number in gaps:
            points.append(PerformancePoint(start=span.start, end=span.end, version=2))
            continue
        wave = 3 * math.sin(number * 1.3) + 2 * math.cos(number * 0.7)
        expected = 40 + 0.4 * wave
        kpi = 40 + wave + (13 if number >= LOST_FROM else 0)
        loss = kpi / expected - 1
        smoothed = 0.7 * smoothed + 0.3 * loss
        points.append(
            PerformancePoint(
                start=span.start,
                end=span.end,
                version=3 if number >= LOST_FROM else 2,
                kpi=bounds(kpi, 3.1, n=1_900),
                expected=bounds(expected, 1.2),
                released=bounds(39.5, 1.0),
                loss=bounds(loss, 0.08),
                smoothed=bounds(smoothed, 0.04, windows=min(number + 1, 8)),
            )
        )
    return tuple(points)


def full(text=None, **changes):
    """Return a window in which much went wrong.

    :param text: Stands in every place where data or people may put any.
    """
    word = text if text is not None else "plain"
    a, b, c = ("temp", "weather", "hum") if text is None else (f"{text}", f"{text} b", f"{text} c")
    spread = {name: numbers(0.05) for name in QUIET}
    spread |= {
        a: numbers(1.6, 1.1), c: numbers(0.05), "visibility": skewed(), "model.confidence": numbers(0.7, 1.2),
        "model.prediction": numbers(0.2), "model.reconstruction": numbers(0.3),
        b: categories() if text is None else categories((text, "mist", "rain", "snow")),
    }  # fmt: skip
    performance = (
        Check(code="SL-M014", name="loss", verdict=Verdict.FAILED, value=0.33, limit=0.1, n=1_900,
              message=f"mean_absolute_error lost 33 % against what its release leads one to expect: {word}"),
        Check(code="SL-M013", name="kpi", verdict=Verdict.FAILED, message="mean_absolute_error = 54.2, goal at most 50"),
        Check(code="SL-M012", name="labels", verdict=Verdict.PASSED, message="1,900 of 2,003 predictions have a label"),
        Check(code="SL-M016", name="estimated", verdict=Verdict.WARNED, severity=Severity.WARNING,
              message="mean_absolute_error is estimated at 55.1 (51.0 to 59.4)"),
    )  # fmt: skip
    steps = tuple(
        StepLine(step=step, verdict=verdict, sentence=f"{sentence} {word}")
        for step, verdict, sentence in (
            ("drift", Verdict.FAILED, "3 of 12 columns have moved (2,016 rows)"),
            ("performance", Verdict.FAILED, "mean_absolute_error lost 33 % (25 % to 41 %), limit 10 % (n = 1,900)"),
            ("objectives", Verdict.FAILED, "the budget of freshness is spent: 134 % of it is used"),
            ("cause", Verdict.WARNED, "version 2 would have done better by 11.9 (10.1 to 13.8) on the same rows"),
        )
    )
    burns = tuple(
        BurnView(long=long, short=short, rate_long=rate, rate_short=rate / 2, limit=limit, severity=severity)
        for long, short, rate, limit, severity in (
            ("PT1H", "PT5M", 0.8, 14.4, "page"), ("PT6H", "PT30M", 16.0, 6.0, "page"), ("P3D", "PT6H", 2.6, 1.0, "ticket"),
        )
    )  # fmt: skip
    content = MonitorContent(
        pipeline="bikes", stage="production", run_id="scheduled__2026-06-01T00:00:00+00:00", created_at=MADE,
        package_version="0.5.0", window=window(), model_version=3, model_digest="sha256:" + "7d" * 32, steps=steps,
        funnel=FunnelView(
            now=WindowCounts(rows=2_016, scored=1_998, batch_in=2_016, batch_left_out=13, predicted=2_003,
                             labelled=1_900, judged=1_900, good=1_406),
            before=WindowCounts(rows=2_011, scored=2_009, batch_in=2_011, batch_left_out=2, predicted=2_000,
                                labelled=1_950, judged=1_950, good=1_801),
            labels_note="in the newest window whose labels are due: 2026-05-18 to 2026-05-25",
            good_note=f"an error of at most 60, over the last 30 days {word}",
        ),
        drift=drift_checks(a, b, c), distributions=spread,
        goal=GoalView(metric="mean_absolute_error", greater_is_better=False, goal=50, unit="rides", max_loss=0.1),
        performance=performance, matured=window(WINDOWS - 2),
        labels=LabelsView(uri=f"data/{word}.csv", scored=2_003, labelled=1_900, coverage=0.949, repeated=7, contradictory=1),
        history=history(WINDOWS - 1),
        marks=(
            ReleaseMark(at=window(4).end, version=2, words=f"version 2 released, in the place of 1 {word}"),
            ReleaseMark(at=window(LOST_FROM - 1).end + timedelta(hours=9), version=3, words="version 3 released"),
            ReleaseMark(at=window(LOST_FROM - 1).end + timedelta(days=9), version=2, kind="rollback", words="rolled back"),
        ),
        estimated=EstimatedView(value=55.1, low=51.0, high=59.4, metric="mean_absolute_error", window=window(),
                                how=f"from the width of its bounds {word}"),
        money=MoneyView(amount=-1_204.5, per_1000=-602.3, lost=4_310.0, currency="EUR"),
        objectives=(
            ObjectiveView(sli="freshness", target=0.99, period="P30D", good=8_512, total=8_630, burned=1.34,
                          exhausted=True, burns=burns),
            ObjectiveView(sli="kpi", target=0.9, period="P28D", good=7_100, total=7_600, burned=0.66, burns=burns[:1]),
            ObjectiveView(sli="latency", target=0.95, period=604_800.0),
        ),
        objectives_checks=(
            Check(code="SL-O001", name="budget(freshness)", verdict=Verdict.FAILED, value=1.34, limit=1,
                  message=f"freshness used 134 % of its budget {word}"),
        ),
        incidents=(
            IncidentView(id="bikes-7", topic="inputs", role="data", owner="di@example.org", since=window(17).end,
                         windows=3, sentence=f"temp has moved in 3 windows {word}"),
            IncidentView(id=word, topic="objective:freshness", role="operations", sentence="the budget is spent"),
        ),
        incidents_as_of=window(WINDOWS - 2).end, unread=(f"cause: {word}",),
        links={"Airflow run": "http://127.0.0.1:8080/dags/bikes.monitor/runs/x"},
    )  # fmt: skip
    return content.model_copy(update=changes)


def minimal(**changes):
    """Return a page of a run that left nothing."""
    content = MonitorContent(pipeline="bikes", stage="pilot", run_id="a", created_at=MADE, package_version="0.5.0")
    return content.model_copy(update=changes)
