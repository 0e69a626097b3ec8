"""The metered records of a pipeline as pieces of work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from stageline.costs.actual import Work, spent
from stageline.costs.metering import Meter
from stageline.costs.prices import Prices
from stageline.ledger.head import PROMOTION

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.ledger.metered import MeteredRecord
    from stageline.operators.run_context import RunContext
    from stageline.readiness.facts import Facts

_NOTHING = Meter().evidence()
_WHOLE_SECONDS = 100


def works_of(ledger: "Ledger", pipeline: str, *, dag_id: str | None = None, run_id: str | None = None) -> list[Work]:
    """Return what was metered of a pipeline, the earliest first.

    :param dag_id: Of this DAG only.
    :param run_id: Of this run only.
    """
    return list(_works(ledger.metered(pipeline, dag_id=dag_id, run_id=run_id)))


def works_of_run(run: "RunContext") -> list[Work]:
    """Return what was metered of a DAG run so far."""
    return works_of(run.ledger, run.name, dag_id=run.dag_id, run_id=run.run_id)


def works_of_facts(facts: "Facts", run: str) -> list[Work]:
    """Return what was metered of a run, by what is known of a pipeline.

    :param run: `DAG/RUN`.
    """
    dag_id, _, run_id = run.partition("/")
    return [
        Work(fact.at, dag_id, run_id, fact.step, released=True, took={**_NOTHING, **fact.metered})
        for fact in facts.facts
        if fact.run == run and fact.metered is not None
    ]


def run_cost(run: "RunContext") -> float:
    """Return what a DAG run cost so far, in the currency of the project's prices."""
    from stageline.costs.prices import load_prices

    return spent(works_of_run(run), load_prices(run.project)).total


def run_cost_sentence(works: Sequence[Work], prices: Prices) -> str:
    """Return what a run cost, with what for; empty where nothing was metered."""
    if not works:
        return ""
    found = spent(works, prices)
    seconds = sum(float(work.took["wall_seconds"]) for work in works)
    most = max(float(work.took["peak_memory_gib"]) for work in works)
    steps = f"its {found.pieces} steps" if found.pieces > 1 else "its one step"
    took = f"{seconds:,.0f}" if seconds >= _WHOLE_SECONDS else f"{seconds:,.3g}"
    return (
        f"This run cost {prices.currency} {found.total:,.2g}: {steps} took {took} s and at most {most:,.2g} GiB, at "
        f"the prices of {prices.as_of}; nobody's time is in it."
    )


def _works(records: "list[MeteredRecord]") -> Iterator[Work]:
    released = False
    for record in records:
        released = released or record.kind == PROMOTION
        if record.took is not None:
            # A figure that a later version counts is not known here, and one that an older one left out was none.
            took: Mapping[str, float | int] = {**_NOTHING, **record.took}
            yield Work(record.at, record.dag_id, record.run_id, record.step, released, took)
