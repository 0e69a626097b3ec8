"""Compare a run's metrics with the bands that its pipeline's recent runs let expect (SL-Q013)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stageline.quality.over_time.band import Band, Past, band_of, is_label
from stageline.quality.over_time.figures import figures
from stageline.quality.over_time.forecast import MIN_RUNS
from stageline.quality.over_time.run_metrics import Kind, Metric, Reading, RunMetrics, earlier_runs
from stageline.verdicts import Check, Severity, Verdict

LEFT_BAND = "SL-Q013"
SUMMARY = "bands"

_NAMED = 3


@dataclass(frozen=True)
class Compared:
    """One metric of a run, and the band it was expected in.

    :param band: None where too few runs are known, or where the column is the run's label.
    :param runs: Number of earlier runs that have the metric.
    """

    metric: Metric
    reading: Reading
    band: Band | None
    runs: int
    is_label: bool = False

    @property
    def left(self) -> bool:
        """Whether the metric is outside its band."""
        return self.band is not None and not self.band.holds(self.reading.value)


def check_bands(now: RunMetrics, history: Sequence[RunMetrics]) -> list[Check]:
    """Return a warning for each metric that left its band, and one info line about the others.

    How wide a band is, and why, says `band_of`. A metric that this run lacks is left out: of a column that is gone,
    private, or past the ledger's caps. The info line names in `details["inside"]` every check that would have been made
    of a metric that is inside, so that later runs can tell it from one that was not looked at; it never counts.

    :param history: Runs of the same pipeline in any order; see `earlier_runs` for those that count.
    """
    compared = compare(now, history)
    left = [_left(one, one.band) for one in compared if one.left and one.band is not None]
    return [*left, *_summary(compared)]


def compare(now: RunMetrics, history: Sequence[RunMetrics]) -> list[Compared]:
    """Return each metric of a run with its band."""
    past: dict[Metric, list[Past]] = {}
    for run in earlier_runs(now, history):
        for metric, reading in run.readings.items():
            past.setdefault(metric, []).append(Past(run.moment, reading))
    compared = []
    for metric, reading in now.readings.items():
        known = past.get(metric, [])
        labels = metric.kind is Kind.MEAN and is_label(reading, known)
        band = None if labels else band_of(metric, reading, now.moment, known)
        compared.append(Compared(metric, reading, band, len(known), is_label=labels))
    return compared


def name_of_band(metric: Metric) -> str:
    """Return the name of a metric's check, e.g. `band(hum: mean)`."""
    return f"band({metric.label})"


def _left(one: Compared, band: Band) -> Check:
    metric, value = one.metric, one.reading.value
    shown = figures(metric.kind, value, band)
    if band.season:
        basis = f"median {shown.expected}, {band.season}"
    elif band.step:
        basis = f"{'growing' if band.step > 0 else 'falling'} by {shown.step} a run"
    else:
        basis = f"recent median {shown.expected}"
    subject = f"{metric.label}{':' if metric.kind is Kind.ROWS else ''} {shown.value}"
    return Check(
        code=LEFT_BAND,
        name=name_of_band(metric),
        verdict=Verdict.FAILED,
        severity=Severity.WARNING,
        message=f"{subject} left the band {shown.low} to {shown.high} of the last {band.runs} runs ({basis})",
        value=value,
        limit=band.low if value < band.low else band.high,
        n=band.runs,
        details={
            "metric": metric.label,
            "low": band.low,
            "high": band.high,
            "expected": band.expected,
            "compared_with": band.season or ("trend" if band.step else "recent runs"),
        },
    )


def _summary(compared: Sequence[Compared]) -> list[Check]:
    inside = [one.metric for one in compared if one.band is not None and not one.left]
    waiting = [one for one in compared if one.band is None and not one.is_label]
    if not inside and not waiting:
        return []
    parts = []
    if inside:
        are = "metric is inside its band" if len(inside) == 1 else "metrics are inside their bands"
        parts.append(f"{len(inside)} {are} of recent runs")
    if waiting:
        names = _names(one.metric.label for one in waiting)
        parts.append(f"{names} {'has' if len(waiting) == 1 else 'have'} no band yet: {_missing(waiting)}")
    return [
        Check(
            code=LEFT_BAND,
            name=SUMMARY,
            verdict=Verdict.PASSED if inside else Verdict.INCONCLUSIVE,
            severity=Severity.INFO,
            message="; ".join(parts),
            n=len(inside),
            details={
                "inside": [name_of_band(metric) for metric in inside],
                "waiting": [one.metric.label for one in waiting],
                "labels": [one.metric.label for one in compared if one.is_label],
            },
        )
    ]


def _missing(waiting: Sequence[Compared]) -> str:
    missing = sorted({max(MIN_RUNS - one.runs, 0) for one in waiting})
    if missing[-1] == 0:
        return "their numbers are too large"
    least = "" if missing[0] == missing[-1] else f"{max(missing[0], 1)} to "
    return f"{least}{missing[-1]} more {'run' if missing[-1] == 1 else 'runs'} over new data needed ({MIN_RUNS} in all)"


def _names(labels: Iterable[str]) -> str:
    known = list(labels)
    more = len(known) - _NAMED
    return f"{', '.join(known[:_NAMED])} and {more} more" if more > 0 else ", ".join(known)
