"""What a stage card says of KPI, data, model, costs and risks, as the newest records have it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.readiness.evidence import FORECAST, INCIDENT
from stageline.readiness.rule import State
from stageline.reporting.stage_card_content import LabelledView
from stageline.spec.metrics import METRICS

if TYPE_CHECKING:
    from pathlib import Path

    from stageline.readiness import Fact, Facts, Readiness

_FIRST = 200


def kpi_of(facts: "Facts") -> Iterator[LabelledView]:
    """Yield the goal, where the newest model stands, and what it is worth."""
    kpi = facts.spec.kpi
    sign = "at least" if METRICS[kpi.metric].greater_is_better else "at most"
    yield LabelledView(label="Goal", value=f"{kpi.metric} {sign} {kpi.goal:g}")
    evaluated = facts.newest("evaluate")
    if evaluated is None:
        yield LabelledView(label="Stands at", value="no model was evaluated yet")
        return
    goal = next((check.message for check in evaluated.with_code("SL-E001")), evaluated.sentence)
    yield LabelledView(label="Stands at", value=f"{goal} (#{evaluated.position})")
    value = evaluated.body.get("value") or {}
    if value.get("value") is not None:
        yield LabelledView(
            label="Worth", value=f"{value['value']:,.2f} {value['currency']} for 1,000 predictions, over the constant"
        )
    served = facts.newest("performance")
    if served is not None:
        yield LabelledView(label="In use", value=f"{served.sentence} (#{served.position})")


def data_of(facts: "Facts") -> Iterator[LabelledView]:
    """Yield where the rows come from, how many there are, and what became of them."""
    spec = facts.spec
    yield LabelledView(label="Source", value=spec.source.uri)
    yield LabelledView(label="Predicted", value=f"{spec.target.column} ({spec.target.task.value})")
    checked = facts.newest("quality")
    if checked is not None:
        source, aside = checked.body.get("source") or {}, checked.body.get("quarantine") or {}
        if "rows" in source:
            yield LabelledView(
                label="Rows",
                value=f"{source['rows']:,}, {aside.get('quarantined', 0):,} put aside (#{checked.position})",
            )
    yield LabelledView(label="Expectations", value=f"{len(spec.quality)} declared")
    private = ", ".join(spec.source.private) or "none declared"
    yield LabelledView(label="Private", value=private)


def model_of(facts: "Facts") -> Iterator[LabelledView]:
    """Yield what the model is, what it sees, and which one is in use."""
    spec = facts.spec
    params = ", ".join(f"{name} = {value}" for name, value in spec.train.params.items())
    yield LabelledView(label="Estimator", value=f"{spec.train.estimator.rpartition('.')[2]}({params})"[:_FIRST])
    built = facts.newest("features")
    if built is not None:
        names = [*built.body.get("numeric", ()), *built.body.get("categorical", ())]
        yield LabelledView(label="Features", value=f"{len(names)}: {', '.join(names)}"[:_FIRST])
        yield LabelledView(label="Split", value=str(built.body.get("split", "")))
    trained = facts.newest("train")
    if trained is not None:
        model = trained.body.get("model") or {}
        yield LabelledView(
            label="Newest", value=f"{model.get('size_bytes', 0):,} bytes, {str(model.get('digest'))[:19]}…"
        )
    moved = next(facts.of_kind("promotion", "rollback"), None)
    after = ((moved.evidence.get("head_change") or {}).get("after") or {}) if moved else {}
    until = after.get("watermark")
    data = f", data until {datetime.fromisoformat(until):%Y-%m-%d}" if until else ""
    yield LabelledView(
        label="In use", value=f"version {after['version']}{data} (#{moved.position})" if moved and after else "none"
    )


def costs_of(facts: "Facts", project: "Path") -> Iterator[LabelledView]:
    """Yield the forecast where there is one, else the estimate from what evaluation measured."""
    from stageline.costs import Latency, estimate_serving, load_prices

    yield from _spent(facts, project)
    forecast = next(facts.of_kind(FORECAST), None)
    if forecast is not None:
        yield LabelledView(label="Forecast", value=f"{forecast.sentence} (#{forecast.position})")
        return
    evaluated = facts.newest("evaluate")
    latency = evaluated.body.get("latency") if evaluated else None
    if not latency or evaluated is None:
        return
    per_month = evaluated.body.get("rows_per_month")
    yield LabelledView(label="Latency", value=f"{latency['single_ms']:.3g} ms for a row, in this process")
    if per_month:
        prices = load_prices(project)
        estimate = estimate_serving(Latency(**latency), per_month, prices, load=1)
        yield LabelledView(
            label="Serving", value=f"about {estimate.cost_per_month:,.0f} {prices.currency} a month always on, "
            f"{estimate.replicas} replica(s), for {per_month:,.0f} predictions; an estimate, no forecast is on record",
        )  # fmt: skip


def _spent(facts: "Facts", project: "Path") -> Iterator[LabelledView]:
    """Yield what the newest cost report says, and what the newest run that was evaluated took."""
    from stageline.costs import load_prices
    from stageline.operators.metered_work import run_cost_sentence, works_of_facts

    reported, evaluated = facts.newest("costs"), facts.newest("evaluate")
    if reported is not None:
        yield LabelledView(label="Spent", value=f"{reported.sentence} (#{reported.position})")
    works = works_of_facts(facts, evaluated.run) if evaluated else []
    if works:
        yield LabelledView(label="Newest model", value=run_cost_sentence(works, load_prices(project)))


def risks_of(readiness: "Readiness") -> Iterator[str]:
    """Yield open incidents, tests that failed, and evidence that expired."""
    newest: dict[Any, tuple[Fact, Mapping[str, Any]]] = {}
    for fact in readiness.facts.of_kind(INCIDENT):
        incident = fact.evidence.get("incident") or {}
        newest.setdefault(incident.get("topic"), (fact, incident))
    for fact, incident in newest.values():
        if incident.get("change") != "closed":
            owner = fact.evidence.get("owner") or "nobody"
            since = str(incident.get("since"))[:10]
            yield f"incident {incident.get('topic')}, open since {since} ({owner}): {fact.sentence}"
    for result in readiness.results:
        if result.state in (State.FAILED, State.EXPIRED):
            yield f"{result.test.code} {result.test.title}: {result.message}"
    for role in ("business", "model", "data", "operations"):
        if not getattr(readiness.facts.spec.owners, role):
            yield f"nobody is named as owner of {role} (owners.{role})"
