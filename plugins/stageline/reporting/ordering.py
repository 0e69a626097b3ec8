"""In which order checks are shown: what needs attention comes first."""

from collections import Counter
from collections.abc import Iterable

from stageline.verdicts import Check, Severity, Verdict

_ORDER = (Verdict.FAILED, Verdict.ERRORED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.PASSED)
_WEIGHT = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def urgency(check: Check) -> tuple[int, int]:
    """Return a sort key: by verdict, then by severity."""
    return _ORDER.index(check.verdict), _WEIGHT.index(check.severity)


def tally(checks: Iterable[Check]) -> list[tuple[Verdict, int]]:
    """Return how many checks ended with each verdict, in the order of attention, without zeros."""
    counts = Counter(check.verdict for check in checks)
    return [(verdict, counts[verdict]) for verdict in _ORDER if counts[verdict]]
