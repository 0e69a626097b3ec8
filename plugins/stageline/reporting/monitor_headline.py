"""What a window comes to in one sentence: the worst finding first."""

from collections.abc import Sequence

from stageline.reporting.content import StepLine
from stageline.verdicts import Verdict

_GRAVITY = (Verdict.FAILED, Verdict.ERRORED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.PASSED)
# Of findings equally grave, what is worth most to know comes first: a loss that is proved before a change that may
# cause one.
_WORTH = ("performance", "objectives", "drift", "cause")


def headline(steps: Sequence[StepLine]) -> tuple[Verdict, str]:
    """Return the verdict of the worst step and the sentence of the page."""
    if not steps:
        return Verdict.INCONCLUSIVE, "No step of this run left a record: nothing is known of this window."
    ranked = sorted(steps, key=_rank)
    first, others = ranked[0], [line for line in ranked[1:] if line.verdict is not Verdict.PASSED]
    beside = "".join(f"; {line.step} {line.verdict}" for line in others)
    return first.verdict, f"{_capital(first.step)}: {first.sentence}{beside}"


def _rank(line: StepLine) -> tuple[int, int]:
    worth = _WORTH.index(line.step) if line.step in _WORTH else len(_WORTH)
    return _GRAVITY.index(line.verdict), worth


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
