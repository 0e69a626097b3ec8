"""The incidents of a pipeline in the ledger: one record for each change, and one for each time somebody was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.exceptions import LedgerError
from stageline.ledger import Ledger, Record
from stageline.monitoring.incidents import Incident, Look, judge
from stageline.operators.user_code import digest_of
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

INCIDENT, NOTIFIED = "incident", "notified"
# Each time another run was faster; more of them at once is no race.
_MOST_TRIES = 20


@dataclass(frozen=True)
class Logged:
    """A change of an incident, as it was recorded.

    :param owner: Who answers for it.
    """

    record: Record
    incident: Incident
    role: str
    owner: str

    @classmethod
    def of(cls, record: Record) -> "Logged":
        """Return what a record holds."""
        found: Mapping[str, Any] = record.evidence
        return cls(record, Incident.model_validate(found["incident"]), found["role"], found["owner"])


@dataclass(frozen=True)
class Untold:
    """What of an incident nobody was told yet.

    :param newest: Its newest change.
    :param positions: Of the records that are told with it.
    :param state: `opened`, `updated` or `closed`, as its owner does not know it.
    """

    newest: Logged
    positions: tuple[int, ...]
    state: str


@dataclass(frozen=True)
class IncidentLog:
    """The incidents of one pipeline."""

    ledger: Ledger
    pipeline: str

    def newest(self) -> dict[str, Logged]:
        """Return the newest change of each topic."""
        found = self.ledger.records(self.pipeline, kinds=(INCIDENT,), newest_first=False)
        return {logged.incident.topic: logged for logged in map(Logged.of, found)}

    def changes(self) -> list[Logged]:
        """Return the newest change of each incident, in the order in which they were opened."""
        found = self.ledger.records(self.pipeline, kinds=(INCIDENT,), newest_first=False)
        return list({logged.incident.id: logged for logged in map(Logged.of, found)}.values())

    def follow(
        self,
        run: "RunContext",
        look: Look,
        known: Logged | None,
        answering: tuple[str, str],
        *,
        persist: bool,
        seen: datetime | None,
    ) -> None:
        """Record what a look changes, judged by the newest state: that of another run, if it was faster.

        :param known: The topic's newest change when this run looked.
        :param answering: Role and owner of the topic.
        :raises LedgerError: Other runs are always faster.
        """
        for _ in range(_MOST_TRIES):
            change = judge(self.pipeline, look, known.incident if known else None, persist=persist, seen=seen)
            if change is None or self._append(run, change, answering) == change:
                return
            known = self.newest().get(look.topic)
        raise LedgerError(
            f"pipeline {self.pipeline!r}: the incident of {look.topic!r} was changed {_MOST_TRIES} times while this "
            "run looked at it; run the step again"
        )

    def untold(self) -> list[Untold]:
        """Return what is to be told: of each incident its newest change, if one of them was not told."""
        records = self.ledger.records(self.pipeline, kinds=(INCIDENT, NOTIFIED), newest_first=False)
        told = {position for each in records if each.kind == NOTIFIED for position in each.evidence["positions"]}
        changes: dict[str, list[Logged]] = {}
        for record in records:
            if record.kind == INCIDENT:
                logged = Logged.of(record)
                changes.setdefault(logged.incident.id, []).append(logged)
        return [
            Untold(every[-1], tuple(each.record.position for each in missed), _state(every[-1], missed))
            for every in changes.values()
            if (missed := [each for each in every if each.incident.tell and each.record.position not in told])
        ]

    def told(self, run: "RunContext", untold: Untold, notifiers: Sequence[str]) -> Record:
        """Record that an owner was told.

        :param notifiers: By what.
        """
        incident, owner = untold.newest.incident, untold.newest.owner
        whom = owner or "nobody in particular"
        return self._record(
            run, NOTIFIED, Verdict.PASSED, f"told {whom}: {incident.topic} {untold.state}",
            {"incident": incident.id, "positions": list(untold.positions), "owner": owner, "by": list(notifiers)},
            key=untold.positions,
        )  # fmt: skip

    def _append(self, run: "RunContext", change: Incident, answering: tuple[str, str]) -> Incident:
        """Record a change; returns what is recorded as the topic's change of that number."""
        role, owner = answering
        record = self._record(
            run, INCIDENT, Verdict.FAILED if change.is_open else Verdict.PASSED,
            f"{change.topic} {change.change}: {change.sentence}",
            {"incident": change.model_dump(mode="json"), "role": role, "owner": owner},
            key=(change.topic, change.revision),
        )  # fmt: skip
        return Logged.of(record).incident

    def _record(
        self, run: "RunContext", kind: str, verdict: Verdict, sentence: str, evidence: Mapping[str, Any], *, key: object
    ) -> Record:
        from stageline.operators.release_evidence import entry_of

        entry = entry_of(
            run, kind=kind, step=kind, verdict=verdict, sentence=sentence, evidence=evidence, key=key
        )  # fmt: skip
        # Of the pipeline, not of the task: of two runs that change the same state only one is recorded.
        name = f"{kind}/{digest_of(repr((self.pipeline, key)))}"
        return self.ledger.append(entry.model_copy(update={"idempotency_key": name}))


def _state(newest: Logged, missed: Sequence[Logged]) -> str:
    if not newest.incident.is_open:
        return "closed"
    return "opened" if any(each.incident.change == "opened" for each in missed) else "updated"
