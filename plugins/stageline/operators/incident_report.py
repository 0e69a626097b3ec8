"""What a run says of the incidents: a check for each, its evidence, and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stageline.monitoring.incidents import Incident, Look
from stageline.operators.incident_log import Logged
from stageline.verdicts import Check, Severity, Verdict

CODE = "SL-M020"
NOTHING_TO_WATCH = "nothing_to_watch"


@dataclass(frozen=True)
class Told:
    """A topic's newest change, as the report of a run has it.

    :param here: Whether it is this run's.
    """

    logged: Logged
    here: bool

    @property
    def incident(self) -> Incident:
        """What is or was wrong."""
        return self.logged.incident

    @property
    def state(self) -> str:
        """What this run did to it; `open` if another run did it."""
        return self.incident.change if self.here else "open"

    @property
    def counts(self) -> bool:
        """Whether it belongs into the report: what another run closed is no news."""
        return self.incident.is_open or self.here

    @property
    def check(self) -> Check:
        """It as a check of the report (SL-M020)."""
        incident = self.incident
        return Check(
            code=CODE, name=f"incident({incident.topic})",
            message=f"{incident.topic} {self.state}: {incident.sentence}",
            verdict=Verdict.FAILED if incident.is_open else Verdict.PASSED, value=incident.windows,
            details={"id": incident.id, "owner": self.logged.owner, "state": self.state},
        )  # fmt: skip

    @property
    def evidence(self) -> dict[str, Any]:
        """It as JSON values."""
        incident = self.incident
        return {
            "id": incident.id, "topic": incident.topic, "role": self.logged.role, "owner": self.logged.owner,
            "state": self.state, "severity": str(incident.severity), "since": incident.since.isoformat(),
            "until": incident.until.isoformat(), "windows": incident.windows, "sentence": incident.sentence,
            "checks": [check.model_dump(mode="json") for check in incident.checks],
        }  # fmt: skip


def unreleased(pipeline: str) -> Check:
    """Return the check of a pipeline that has no model yet."""
    return Check(
        code=CODE, name=NOTHING_TO_WATCH, verdict=Verdict.INCONCLUSIVE,
        message=f"pipeline {pipeline!r} has no champion: no model was ever released, so there is none to watch",
    )  # fmt: skip


def unknown(look: Look) -> Check:
    """Return the check of a topic without an incident of which a run could decide nothing."""
    return Check(
        code=CODE, name=f"unknown({look.topic})", verdict=Verdict.INCONCLUSIVE, severity=Severity.WARNING,
        message=f"nothing is known of {look.topic} at {look.at:%Y-%m-%d %H:%M}: {look.unknown}",
        details={"topic": look.topic},
    )  # fmt: skip


def quiet(*, anything: bool) -> Check:
    """Return the check of a run without incidents.

    :param anything: Whether any step left something to judge by.
    """
    if anything:
        return Check(code=CODE, name="incidents", verdict=Verdict.PASSED, message="no incident is open", value=0)
    return Check(
        code=CODE, name="incidents", verdict=Verdict.INCONCLUSIVE,
        message="no step of this run left a record: nothing is known",
    )  # fmt: skip


def told_sentence(told: Sequence[Told], unclear: Sequence[Look] = ()) -> str:
    """Return what a run says of the incidents; empty where it says nothing of any.

    :param unclear: Topics of which nothing is known.
    """
    still = [each for each in told if each.incident.is_open]
    ended = [each.incident.topic for each in told if not each.incident.is_open]
    closed = f"; closed: {', '.join(ended)}" if ended else ""
    if not still:
        if unclear:
            topics = ", ".join(each.topic for each in unclear)
            return f"no incident is open{closed}, but nothing is known of {topics}: {unclear[0].unknown}"
        return f"no incident is open{closed}" if ended else ""
    listed = ", ".join(f"{each.incident.topic} ({each.state})" for each in still)
    are = "1 incident is" if len(still) == 1 else f"{len(still)} incidents are"
    doubt = f"; nothing is known of {', '.join(each.topic for each in unclear)}" if unclear else ""
    return f"{are} open: {listed}{closed}{doubt}. {still[0].incident.sentence}"
