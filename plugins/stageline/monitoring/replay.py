"""What a check would have said of windows that are past, counted in one scan."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.monitoring.arrow_arrays import as_numpy
from stageline.monitoring.checks import drift_checks, drift_persistence
from stageline.monitoring.drift import DriftLimits, Finding, compare
from stageline.monitoring.profile import Profile
from stageline.monitoring.scan import count_rows
from stageline.monitoring.window_rows import WINDOW
from stageline.monitoring.windows import Window
from stageline.persistence import EarlierRun, check_persistence
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

# How far back the persistence of a finding is looked for, in times n: windows that tell nothing are passed over.
MOST_EARLIER = 20


@dataclass(frozen=True)
class Judged:
    """A window and what is found of it."""

    window: Window
    rows: int
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> frozenset[tuple[str, str]]:
        """Column and signal of what has moved."""
        return frozenset(
            (each.column, each.kind) for each in self.findings if each.verdict is Verdict.FAILED and each.weight
        )


def replay(
    profile: Profile,
    batches: "Iterable[pa.RecordBatch]",
    every: Sequence[Window],
    limits: DriftLimits | None = None,
    *,
    private: Collection[str] = (),
) -> tuple[Judged, ...]:
    """Judge windows that follow each other.

    :param batches: The profile's columns, and beside them each row's window as `rows_by_window` gives it.
    :param private: Columns of which no value is told.
    """
    counts = count_rows(
        batches, profile.bins,
        groups=lambda batch: as_numpy(batch.column(WINDOW)), group_count=len(every),
    )  # fmt: skip
    judged = []
    for number, window in enumerate(every):
        one = counts.together([number])
        rows = int(one.rows.sum())
        judged.append(Judged(window, rows, compare(profile, one, window, limits, private=private) if rows else ()))
    return tuple(judged)


def persisting(judged: Sequence[Judged], k: int, n: int) -> tuple[tuple[Check, ...], ...]:
    """Return for each window what fails in it because it came back in k of the last n windows, as the step says it."""
    rule = drift_persistence(k, n)
    earlier: list[EarlierRun] = []
    found = []
    for each in judged:
        checks = drift_checks(each.findings, Severity.WARNING)
        found.append(tuple(check_persistence(checks, earlier[-MOST_EARLIER * n :], rule)))
        told = [check.model_dump(mode="json") for check in checks]
        earlier.append(EarlierRun(each.window.end, each.window.end.isoformat(), told))
    return tuple(found)
