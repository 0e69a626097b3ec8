"""Whether an answer is one at all, and whether it is the one that was recorded."""

import math
from collections.abc import Sequence
from typing import Any

from stageline.release.validation.answer import Answered
from stageline.training.recorded_example import ModelAnswer

TOLERANCE = 1e-6
# Of the largest recorded number: what lies next to zero has no relative precision.
_NEXT_TO_ZERO = 1e-9


def flaw(answer: Answered, n: int, recorded: ModelAnswer, *, private: bool = False) -> str | None:
    """Return what keeps an answer to `n` rows from being usable, or none.

    :param recorded: What the model answered at training: kind, classes and probabilities have to be like it.
    :param private: Whether no prediction may be quoted.
    """
    if len(answer.values) != n:
        return f"it gave {len(answer.values):,} prediction(s) for {n:,} row(s)"
    if not _same_classes(answer.classes, recorded.classes):
        return f"it knows other classes{_quoted(answer.classes, recorded.classes, private=private)}"
    bad = [row for row, value in enumerate(answer.values) if not _fits(value, answer.kind, recorded.classes)]
    if bad:
        what = "are not finite numbers" if recorded.classes is None else "are none of its classes"
        found = "" if private else f", found {answer.values[bad[0]]!r}"
        return f"{len(bad):,} of {n:,} predictions {what}, first in row {bad[0] + 1:,}{found}"
    if n and answer.kind != recorded.kind:
        return f"its predictions are of type {answer.kind!r}, at training {recorded.kind!r}"
    return _flaw_of_probabilities(answer, n, recorded)


def first_difference(answer: Answered, recorded: ModelAnswer, *, private: bool = False) -> str | None:
    """Return how a usable answer differs from the recorded one to the same rows, or none.

    Classes and whole numbers have to be the same, numbers with a fraction to one part in a million.

    :param private: Whether no prediction may be quoted.
    """
    differing = _differing(answer.values, recorded.values)
    what = "predictions" if recorded.classes is None else "predicted classes"
    now, then = answer.values, recorded.values
    if not differing and answer.probabilities is not None and recorded.probabilities is not None:
        what, now, then = "rows' probabilities", answer.probabilities, recorded.probabilities
        differing = [row for row, pair in enumerate(zip(now, then, strict=True)) if _differing(*pair)]
    if not differing:
        return None
    row = differing[0]
    quoted = _quoted(now[row], then[row], private=private)
    return f"{len(differing):,} of {len(then):,} {what} differ, first in row {row + 1:,}{quoted}"


def _quoted(now: Any, then: Any, *, private: bool) -> str:
    return "" if private else f": {now!r}, recorded was {then!r}"


def _flaw_of_probabilities(answer: Answered, n: int, recorded: ModelAnswer) -> str | None:
    if (answer.probabilities is None) != (recorded.probabilities is None):
        now, then = ("none", "some") if answer.probabilities is None else ("some", "none")
        return f"it gives {now} probabilities, at training {then}"
    if answer.probabilities is None:
        return None
    if len(answer.probabilities) != n:
        return f"it gave probabilities for {len(answer.probabilities):,} of {n:,} row(s)"
    classes = len(recorded.classes or ())
    for row, shares in enumerate(answer.probabilities):
        if len(shares) != classes:
            return f"it gave {len(shares):,} probabilities for {classes:,} classes in row {row + 1:,}"
        wrong = [share for share in shares if not _is_number(share) or not 0 <= share <= 1 + TOLERANCE]
        if wrong:
            return f"a probability in row {row + 1:,} is {wrong[0]!r}"
    return None


def _same_classes(now: list[Any] | None, then: list[Any] | None) -> bool:
    if now is None or then is None:
        return now is then
    return len(now) == len(then) and all(type(a) is type(b) and a == b for a, b in zip(now, then, strict=True))


def _fits(value: Any, kind: str, classes: list[Any] | None) -> bool:
    if classes is not None:
        return any(type(value) is type(label) and value == label for label in classes)
    return _is_number(value) and isinstance(value, int) == (kind == "integer")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _differing(now: Sequence[Any], then: Sequence[Any]) -> list[int]:
    largest = max((abs(value) for value in then if isinstance(value, float)), default=0.0)
    return [row for row, (a, b) in enumerate(zip(now, then, strict=True)) if not _alike(a, b, _NEXT_TO_ZERO * largest)]


def _alike(now: Any, then: Any, next_to_zero: float) -> bool:
    if isinstance(now, float) and isinstance(then, float):
        return math.isclose(now, then, rel_tol=TOLERANCE, abs_tol=next_to_zero)
    return type(now) is type(then) and bool(now == then)
