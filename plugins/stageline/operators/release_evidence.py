"""What a release rests on: the records of this run's steps, under one digest that an approval is bound to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline import __version__
from stageline.exceptions import DataError
from stageline.ledger import Entry, ModelVersion, Record, moment_text
from stageline.operators.showing import summary
from stageline.operators.user_code import digest_of
from stageline.verdicts import Mode, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

# In their order. Each has to be there, to advance, and to have been able to stop the run.
STEPS = ("quality", "features", "train", "evaluate", "validate")
APPROVAL, REQUEST = "approval", "request"


@dataclass(frozen=True)
class ReleaseEvidence:
    """The newest record of each step of a run.

    :param generation: Of the head that the candidate was judged against.
    """

    run: "RunContext"
    records: Mapping[str, Record]
    generation: int

    @classmethod
    def of(cls, run: "RunContext") -> "ReleaseEvidence":
        """Return the evidence of a run.

        :raises MissingStepError: A step left no record.
        :raises DataError: A step did not pass, or could not have stopped the run.
        """
        records = {step: run.require(step) for step in STEPS}
        for step, record in records.items():
            if record.mode is not Mode.ENABLED:
                raise DataError(
                    f"step {step!r} ran in mode {record.mode}, in which its verdict stops nothing; a release needs "
                    "mode enabled"
                )
            if not record.verdict.advances:
                raise DataError(f"step {step!r} ended {record.verdict}: {record.sentence}")
        judged = run.evidence("evaluate")
        if judged.get("model_digest") != run.evidence("train")["model"]["digest"]:
            raise DataError("the step 'evaluate' judged another model than the step 'train' left; run it again")
        if run.evidence("validate").get("model_digest") != judged["model_digest"]:
            raise DataError("the step 'validate' looked at another model than the step 'evaluate'; run it again")
        generation = (judged.get("gate") or {}).get("generation")
        if not isinstance(generation, int) or isinstance(generation, bool) or generation < 0:
            raise DataError(f"the step 'evaluate' judged against head {generation!r}, which is none; run it again")
        return cls(run, records, generation)

    @property
    def digest(self) -> str:
        """Digest of all that was found: another try of any step is other evidence."""
        found = [(step, record.digest) for step, record in self.records.items()]
        return f"sha256:{digest_of(repr((self.run.name, self.generation, found)))}"

    def markdown(self, links: Mapping[str, str]) -> str:
        """Return what a person reads before approving."""
        parts = [
            self.records["evaluate"].sentence,
            summary(self.records),
            " · ".join(f"[{name}]({url})" for name, url in links.items()),
            f"Evidence `{self.digest}`: the approval is worth nothing once any of these steps is run again.",
        ]
        return "\n\n".join(part for part in parts if part)

    def approvals(self) -> tuple[Record, ...]:
        """Return the newest answer of each task that asked for an approval of this run, the newest first."""
        found = self.run.ledger.records(self.run.name, dag_id=self.run.dag_id, run_id=self.run.run_id, step="approve")
        newest: dict[tuple[str, int], Record] = {}
        for record in found:
            if record.kind == APPROVAL:
                newest.setdefault((record.task_id, record.map_index), record)
        return tuple(newest.values())

    def candidate(self, version: int, watermark: str) -> ModelVersion:
        """Return the candidate as the head would point to it."""
        trained, run = self.run.evidence("train"), self.run
        return ModelVersion(
            version=version,
            uri=trained["model"]["uri"],
            digest=trained["model"]["digest"],
            mlflow_run=trained["mlflow_run"],
            snapshot=run.evidence("features")["snapshot"]["version"],
            watermark=watermark,
            as_of=moment_text(run.logical_date or run.run_after),
            dag_run=f"{run.dag_id}/{run.run_id}",
        )


def entry_of(
    run: "RunContext",
    *,
    kind: str,
    step: str,
    verdict: Verdict,
    sentence: str,
    evidence: Mapping[str, Any],
    key: object,
) -> Entry:
    """Return an entry of a run for something that is no step's report.

    :param key: What makes it this entry and no other one, beside the task.
    """
    ids = (run.name, run.dag_id, run.run_id, run.task_id, run.map_index, kind, key)
    return Entry(
        pipeline=run.name, kind=kind, step=step, verdict=verdict, sentence=sentence, evidence=evidence, stage=run.stage,
        mode=Mode.ENABLED, dag_id=run.dag_id, run_id=run.run_id, task_id=run.task_id, map_index=run.map_index,
        try_number=run.try_number, actor=run.actor, idempotency_key=f"{kind}/{digest_of(repr(ids))}",
        spec_digest=run.spec_digest, package_version=__version__,
    )  # fmt: skip
