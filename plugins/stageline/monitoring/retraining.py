"""Whether a model that got worse is to be trained anew, or something else comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from stageline.monitoring.incident_topics import CAUSE, INPUTS, LABELS, PERSISTENT, is_loss, subject_of, topic_of
from stageline.verdicts import Check, Severity, Verdict

_PERSISTENT_LOSS = "SL-M017"
_BROKEN = ("SL-M002", "SL-M003")
_NEW = "SL-M004"
# New categories are learnt by a training; where most rows are of such, it would learn what broke.
_MOST = 0.5
_TRAFFIC = "SL-M008"


class Before(NamedTuple):
    """What happened last, and when.

    :param what: In words, e.g. `the training in 'bikes.train/run'`.
    """

    what: str
    at: datetime


@dataclass(frozen=True)
class Seen:
    """What a run says of the model.

    :param performance: Checks of the newest window with labels; none: nothing is known.
    :param drift: Checks of what came in; none: nothing is known.
    :param cause: Checks of whether the release is the cause.
    """

    performance: Sequence[Check]
    drift: Sequence[Check]
    cause: Sequence[Check] = ()


@dataclass(frozen=True)
class Decision:
    """Whether to train anew, and why.

    :param loss: The check that says how much worse the model got; none: it did not, or not so that it counts.
    :param known: Whether it is known how much worse the model got.
    """

    train: bool
    why: str
    loss: Check | None = None
    known: bool = True


def decide(seen: Seen, *, persist: bool, cooldown: timedelta, now: datetime, before: Sequence[Before] = ()) -> Decision:
    """Return whether a loss of performance asks for a training.

    It does only if nothing else comes first: labels or inputs to be mended, a release to be rolled back, or the
    cooldown after the last training. What is not known comes first, too.

    :param persist: Whether only a loss that came back counts.
    :param cooldown: Least time since anything in `before`.
    """
    losses = [check for check in _failed(seen.performance) if is_loss(check)]
    if persist:
        losses = [check for check in losses if check.code == _PERSISTENT_LOSS]
    if not losses:
        if not any(is_loss(check) and _decided(check) for check in seen.performance):
            return Decision(False, "whether the model got worse is not known", known=False)
        return Decision(False, "no loss of performance " + ("comes back" if persist else "counts"))
    loss = losses[0]
    first = _first(seen) or _cooling(cooldown, now, before)
    return Decision(False, f"{first}; the loss: {loss.message}", loss) if first else Decision(True, loss.message, loss)


def _first(seen: Seen) -> str:
    """Return what comes before a training; empty for nothing."""
    unlabelled = [check for check in _failed(seen.performance) if topic_of(check, "") == LABELS]
    if unlabelled:
        return f"bring the labels first: {unlabelled[0].message}"
    if not seen.drift:
        return "mend the data first: what came in is not known"
    broken = [check for check in seen.drift if _breaks(check)]
    if broken:
        return f"mend the data first: {broken[0].message}"
    undecided = [check for check in seen.drift if _may_be_broken(check)]
    if undecided:
        return f"mend the data first: what came in is not known: {undecided[0].message}"
    blamed = [check for check in _failed(seen.cause) if check.code == CAUSE]
    return f"roll back instead: {blamed[0].message}" if blamed else ""


def _breaks(check: Check) -> bool:
    if check.code == _TRAFFIC:
        return check.effect is not None and not check.effect.advances
    if topic_of(check, "") != INPUTS:
        return False
    if check.effect is Verdict.FAILED and (check.code in _BROKEN or check.code in PERSISTENT):
        return subject_of(check)[0] in _BROKEN
    # Of most of the rows it counts at once, also where a finding has to come back to be a failure.
    return check.verdict is Verdict.FAILED and _is_share(check) and (check.value or 0.0) > _MOST


def _may_be_broken(check: Check) -> bool:
    """Return whether a share of inputs is above its limit, but is not decided: that of too few rows, or of a season."""
    above = check.value is not None and check.limit is not None and check.value > check.limit
    return above and check.verdict is Verdict.INCONCLUSIVE and _is_share(check) and topic_of(check, "") == INPUTS


def _is_share(check: Check) -> bool:
    """Return whether a check is about rows that are missing, out of range or new, of a column that counts."""
    return check.code in (*_BROKEN, _NEW) and check.severity is not Severity.INFO


def _cooling(cooldown: timedelta, now: datetime, before: Sequence[Before]) -> str:
    if not before:
        return ""
    what, at = max(before, key=lambda each: each.at)
    ends = at + cooldown
    if now >= ends:
        return ""
    return f"the cooldown of {cooldown} lasts until {ends:%Y-%m-%d %H:%M} UTC, after {what} of {at:%Y-%m-%d %H:%M}"


def _decided(check: Check) -> bool:
    return check.verdict not in (Verdict.INCONCLUSIVE, Verdict.ERRORED)


def _failed(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.effect is Verdict.FAILED]
