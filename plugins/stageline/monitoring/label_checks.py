"""Whether the labels of a window are there: a check of its report."""

from dataclasses import dataclass

from stageline.monitoring.performance import PerformanceLimits
from stageline.verdicts import Check, Severity, Verdict

LABELS = "SL-M012"
# Share of the labels that may name a class which the model does not know.
_MOST_UNSEEN = 0.01


_SHOWN_CLASSES, _SHOWN_LETTERS = 3, 40


@dataclass(frozen=True)
class LabelCounts:
    """What was known of a window's predictions.

    :param uri: Where the labels come from.
    :param scored: Predictions that count.
    :param labelled: Those with a true value that the model may be judged by.
    :param unseen: Those whose true value is a class that the model does not know.
    :param unseen_classes: These classes, as far as they may be shown.
    :param none: Why no prediction counts, in words.
    :param missing: Why there is no table of labels, in words; empty if there is one.
    """

    uri: str
    scored: int = 0
    labelled: int = 0
    repeated: int = 0
    corrected: int = 0
    contradictory: int = 0
    nulls: int = 0
    odd: int = 0
    late: int = 0
    unseen: int = 0
    unseen_classes: tuple[str, ...] = ()
    unmatched: int = 0
    none: str = "no prediction was made in this window"
    missing: str = ""

    @property
    def coverage(self) -> float | None:
        """Share of the predictions whose label came, of whatever class; none of nothing."""
        return self.came / self.scored if self.scored else None

    @property
    def came(self) -> int:
        """Predictions with a true value, also one that the model does not know."""
        return self.labelled + self.unseen


def undecided(counts: LabelCounts, limits: PerformanceLimits) -> str:
    """Return why a window is not judged; empty if it is."""
    if not counts.came:
        return _nothing_known(counts)
    if _new_classes(counts):
        return _unseen(counts)
    told = f"{counts.came:,} of {counts.scored:,} predictions have a label"
    if counts.came < limits.min_n:
        return f"{told}, min_n = {limits.min_n:,}"
    if counts.came < limits.min_coverage * counts.scored:
        return f"{told} ({counts.came / counts.scored:.1%}), min_coverage = {limits.min_coverage:.0%}"
    if counts.labelled < limits.min_n:
        return f"{counts.labelled:,} of {counts.came:,} labels are of a class of the model, min_n = {limits.min_n:,}"
    return ""


def _new_classes(counts: LabelCounts) -> bool:
    return counts.unseen > _MOST_UNSEEN * counts.came


def _unseen(counts: LabelCounts) -> str:
    names = [
        repr(name if len(name) <= _SHOWN_LETTERS else f"{name[:_SHOWN_LETTERS]}…")
        for name in counts.unseen_classes[:_SHOWN_CLASSES]
    ]
    more = len(counts.unseen_classes) - len(names)
    shown = f" ({', '.join(names)}{f' and {more:,} more' if more else ''})" if names else ""
    return (
        f"{counts.unseen:,} of {counts.came:,} true values are of a class that the model does not know{shown}: it has "
        "to be trained anew, or the labels are of another coding"
    )


def _nothing_known(counts: LabelCounts) -> str:
    if not counts.scored:
        return counts.none
    if counts.missing:
        return f"there are no labels: {counts.missing}"
    return f"none of {counts.scored:,} predictions has a label yet"


def labels_check(counts: LabelCounts, limits: PerformanceLimits, *, severity: Severity = Severity.CRITICAL) -> Check:
    """Tell whether the labels are there (SL-M012); what is odd about some of them warns.

    It fails where labels were due and did not come, and where they are of classes that the model does not know:
    however few rows there are, such a class is one that it will never say. Without a prediction none is due: that
    only warns.
    """
    why = undecided(counts, limits)
    lacking = bool(counts.scored) and counts.came < limits.min_coverage * counts.scored
    new = _new_classes(counts)
    verdict = Verdict.FAILED if lacking or new else Verdict.INCONCLUSIVE if why else Verdict.PASSED
    have = f"{counts.came:,} of {counts.scored:,} predictions have a label"
    told = why or have
    beside = [
        f"{count:,} {words}"
        for count, words in (
            (counts.contradictory, "left out: two labels contradict each other"),
            (counts.odd, "with a label that is NaN or infinite"),
            (0 if new else counts.unseen, "of a class that the model does not know"),
            (counts.late, "whose label came later"),
            (counts.repeated, "labelled more than once"),
            (counts.corrected, "whose label was corrected"),
        )
        if count
    ]
    if new and lacking:
        beside.insert(0, f"{have}, min_coverage = {limits.min_coverage:.0%}")
    strange = counts.contradictory or counts.odd or counts.unseen
    return Check(
        code=LABELS, name="labels", n=counts.scored, value=counts.coverage, limit=limits.min_coverage,
        verdict=Verdict.WARNED if verdict is Verdict.PASSED and strange else verdict,
        severity=severity if counts.scored else Severity.WARNING,
        message="; ".join([f"{told} in {counts.uri!r}" if counts.scored and not new else told, *beside]),
        details={"reason": "unseen_classes"} if new else {},
    )  # fmt: skip
