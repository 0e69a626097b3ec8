"""Which records of a pipeline's newest runs its costs rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from stageline.costs.measurements import Measurements
from stageline.operators.cost_measurement import STEP, evaluated_record
from stageline.operators.monitor_records import evidence_of

if TYPE_CHECKING:
    from stageline.costs.traffic import Pattern
    from stageline.ledger import Ledger, Record
    from stageline.operators.run_context import RunContext

_LOOKED_AT = 50


@dataclass(frozen=True)
class Grounds:
    """The records that measured something.

    :param evaluated: The newest evaluation that measured a latency.
    :param features: What it was trained on; none: that run left no such record.
    :param validated: The newest look at a model in a clean process.
    :param pattern: How requests to servers came; none: there is no log of at least a day.
    :param timed: The newest `stageline costs measure`, of the model that was evaluated.
    """

    evaluated: "Record"
    features: "Record | None" = None
    validated: "Record | None" = None
    timed: "Record | None" = None
    pattern: "Pattern | None" = None

    @classmethod
    def of(cls, run: "RunContext") -> Self:
        """Return what a pipeline's costs rest on: its records, and its servers' log.

        :raises CostError: No run has measured a latency yet.
        """
        from stageline.operators.cost_traffic import logged_pattern

        return cls.newest(run.ledger, run.name, logged_pattern(run))

    @classmethod
    def newest(cls, ledger: "Ledger", pipeline: str, pattern: "Pattern | None" = None) -> Self:
        """Return the newest records.

        :raises CostError: No run has measured a latency yet.
        """
        evaluated = evaluated_record(ledger, pipeline)
        features = ledger.newest(pipeline, dag_id=evaluated.dag_id, run_id=evaluated.run_id, step="features")
        validated = _newest(ledger.records(pipeline, step="validate", limit=_LOOKED_AT), "measured")
        timed = _newest(ledger.records(pipeline, step=STEP, limit=1), "points")
        # Of another model it says nothing.
        same = evidence_of(timed).get("model_digest") == evidence_of(evaluated).get("model_digest")
        return cls(evaluated, features, validated, timed if same else None, pattern)

    @cached_property
    def measured(self) -> Measurements:
        """What they measured."""
        found = Measurements.of(*map(evidence_of, (self.evaluated, self.validated, self.timed)))
        return found.beside(sum((evidence_of(self.features).get("parts") or {}).values()), self.pattern)

    @property
    def records(self) -> tuple["Record", ...]:
        """Those that there are."""
        found = (self.features, self.evaluated, self.validated, self.timed)
        return tuple(record for record in found if record is not None)

    def told(self) -> list[dict[str, Any]]:
        """Return the records as evidence names them."""
        return [{"step": record.step, "position": record.position, "digest": record.digest} for record in self.records]


def _newest(records: "Sequence[Record]", key: str) -> "Record | None":
    return next((record for record in records if evidence_of(record).get(key)), None)
