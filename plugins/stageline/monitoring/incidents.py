"""Incidents: what the checks of a run open, update and close, as a pure function of what was known before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stageline.monitoring.failures import Failures
from stageline.monitoring.incident_topics import (
    CAUSE,
    INPUTS,
    MONITORING,
    ONLY_WRONG,
    REFUSED,
    ROLLED_BACK,
    WATCHED,
    Subject,
    is_wrong,
    subject_of,
    topic_of,
)
from stageline.verdicts import Check, Severity, Verdict

# How a subject stands, the gravest last.
_GOOD, _WARNED, _UNDECIDED, _BAD = range(4)
_PAGES = "SL-R"
# Told again once the worst check is twice as far beyond its limit as when it was last told, at least so far in limits.
_LEAST_BREACH = 0.2


class StepSeen(NamedTuple):
    """What a step of a run left.

    :param at: End of the window it looked at; none: it says none.
    :param problem: Why it did not do its work; empty if it did.
    :param of_data: Whether it is the data that kept it from its work: then `problem` is what is wrong with them.
    """

    step: str
    at: datetime | None
    checks: tuple[Check, ...]
    problem: str = ""
    of_data: bool = False


@dataclass(frozen=True)
class Look:
    """What one run says of one topic.

    :param at: End of the window that was looked at.
    """

    topic: str
    at: datetime
    checks: tuple[Check, ...]

    @property
    def tells(self) -> bool:
        """Whether anything was decided."""
        return any(standing in (_GOOD, _WARNED, _BAD) for standing in _standings(self.checks).values())

    @property
    def unknown(self) -> str:
        """Why nothing is known of it; empty if something is, or if nothing had to be."""
        if self.tells:
            return ""
        blocking = (Verdict.INCONCLUSIVE, Verdict.ERRORED)
        return next((check.message for check in self.checks if check.effect in blocking), "")


class Incident(BaseModel):
    """One thing that is wrong, as it was after one change.

    :param id: Stays the same from opening to closing.
    :param since: End of the window that opened it.
    :param until: End of the newest window that changed it.
    :param windows: Windows in which it failed.
    :param sentence: What is wrong, with its numbers, and what to do.
    :param checks: What failed last, the worst first, at most twenty.
    :param failing: Code and name of all that failed last.
    :param told: Code and name of all that ever failed in it.
    :param worst: How far beyond its limit the worst check was, in limits, when somebody was told last.
    :param tell: Whether this change is told to its owner.
    :param revision: Number of this change among all of the topic.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    topic: str
    change: Literal["opened", "updated", "closed"]
    severity: Severity
    since: AwareDatetime
    until: AwareDatetime
    windows: int = Field(ge=1)
    sentence: str
    checks: tuple[Check, ...] = ()
    failing: tuple[Subject, ...] = ()
    told: tuple[Subject, ...] = ()
    worst: float = Field(default=0.0, allow_inf_nan=False)
    tell: bool = True
    revision: int = Field(ge=1)

    @property
    def is_open(self) -> bool:
        """Whether it is still wrong."""
        return self.change != "closed"


def incident_id(pipeline: str, topic: str, since: datetime) -> str:
    """Return the name of the incident that a window opens."""
    return f"{pipeline}/{topic}/{since.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def looks(steps: Sequence[StepSeen], now: datetime) -> tuple[Look, ...]:
    """Return what a run says of each topic; of a step that says no window, it is about the time of the run.

    :param now: The time of the run.
    """
    found: dict[str, list[tuple[datetime, Check]]] = {}
    for each in steps:
        for check in each.checks:
            # A page tells of what others found.
            if check.effect is not None and check.code != REFUSED and not check.code.startswith(_PAGES):
                found.setdefault(topic_of(check, each.step), []).append((each.at or now, check))
        if each.problem and each.of_data:
            found.setdefault(INPUTS, []).append((each.at or now, _refused(each)))
    watched = tuple(_watched(each) for each in steps if not each.of_data)
    told = [Look(topic, max(at for at, _ in seen), tuple(each for _, each in seen)) for topic, seen in found.items()]
    return (*told, *([Look(MONITORING, now, watched)] if watched else []))


def judge(
    pipeline: str, look: Look, known: Incident | None, *, persist: bool = False, seen: datetime | None = None
) -> Incident | None:
    """Return what a look changes of its topic's newest incident; none: nothing.

    A failed check opens an incident, or updates the open one. The open one is closed by a window in which nothing
    failed and either all is decided or all that had failed in it is; what is inconclusive or missing neither opens
    nor closes. A window older than what is known changes nothing, and neither does the same again.

    :param known: The topic's newest incident, open or closed.
    :param persist: Whether one window's finding is only a warning: then nothing may warn in the window that closes.
    :param seen: End of the newest window that told something of the topic.
    """
    if look.at < max((moment for moment in (seen, known and known.until) if moment), default=look.at):
        return None
    is_open = known is not None and known.is_open
    failures = Failures(look.topic, look.checks)
    if failures.failed:
        if known is not None and is_open:
            return _updated(known, failures, look.at)
        return _opened(pipeline, failures, look.at, known)
    if known is not None and is_open and _closes(look, known, persist=persist):
        return _closed(known, look)
    return None


def _watched(seen: StepSeen) -> Check:
    said = f"the step {seen.step!r} {seen.problem}" if seen.problem else f"the step {seen.step!r} did its work"
    verdict = Verdict.FAILED if seen.problem else Verdict.PASSED
    return Check(code=WATCHED, name=f"watched({seen.step})", verdict=verdict, message=said)


def _refused(seen: StepSeen) -> Check:
    return Check(code=REFUSED, name=seen.step, verdict=Verdict.FAILED, message=seen.problem)


def _opened(pipeline: str, failures: Failures, at: datetime, known: Incident | None) -> Incident:
    return Incident(
        id=incident_id(pipeline, failures.topic, at), topic=failures.topic, change="opened",
        severity=failures.severity, since=at, until=at, windows=1, sentence=failures.sentence,
        checks=failures.evidence, failing=failures.subjects, told=failures.subjects, worst=failures.worst,
        revision=known.revision + 1 if known else 1,
    )  # fmt: skip


def _updated(known: Incident, failures: Failures, at: datetime) -> Incident | None:
    failing, checks, severity = failures.subjects, failures.evidence, failures.severity
    if (at, failing, checks, severity) == (known.until, known.failing, known.checks, known.severity):
        return None
    tell = (
        not set(failing) <= set(known.told)
        or (severity is Severity.CRITICAL and known.severity is not severity)
        or failures.worst >= 2 * max(known.worst, _LEAST_BREACH)
    )
    return known.model_copy(
        update={
            "change": "updated", "severity": severity, "until": at, "sentence": failures.sentence,
            "windows": known.windows + (at > known.until), "checks": checks, "failing": failing,
            "told": tuple(sorted({*known.told, *failing})), "worst": failures.worst if tell else known.worst,
            "tell": tell, "revision": known.revision + 1,
        }
    )  # fmt: skip


def _closed(known: Incident, look: Look) -> Incident:
    windows = "1 window" if known.windows == 1 else f"{known.windows:,} windows"
    return known.model_copy(
        update={
            "change": "closed", "until": look.at, "failing": (), "tell": True, "revision": known.revision + 1,
            "sentence": f"{known.topic}: nothing fails any more at {look.at:%Y-%m-%d %H:%M}; it failed in {windows} "
            f"since {known.since:%Y-%m-%d %H:%M}",
        }
    )  # fmt: skip


def _closes(look: Look, known: Incident, *, persist: bool) -> bool:
    # What the cause is, is asked only while there is something to explain, and a rollback mends nothing yet.
    standings = {
        subject: how for subject, how in _standings(look.checks).items() if subject[0] not in (CAUSE, ROLLED_BACK)
    }
    good = {subject for subject, how in standings.items() if how in (_GOOD, _WARNED)}
    if not good or (persist and _WARNED in standings.values()):
        return False
    failing = {subject for subject in known.failing if subject[0] != CAUSE}
    own = {subject for subject in failing if (look.topic, subject[0]) not in ONLY_WRONG}
    if failing and own <= good:
        return True
    # A column may be gone, but the same must have been looked at of the others.
    return good == standings.keys() and {code for code, _ in own} <= {code for code, _ in good}


def _standings(checks: Iterable[Check]) -> Mapping[Subject, int]:
    found: dict[Subject, int] = {}
    for check in checks:
        if check.effect is not None:
            subject = subject_of(check)
            found[subject] = max(found.get(subject, _GOOD), _standing(check))
    return found


def _standing(check: Check) -> int:
    if is_wrong(check):
        return _BAD
    # Too few rows warn of nothing, whatever their check's severity.
    if check.verdict in (Verdict.INCONCLUSIVE, Verdict.ERRORED):
        return _UNDECIDED
    return _WARNED if check.effect is Verdict.WARNED else _GOOD
