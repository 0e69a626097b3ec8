"""From a run's records to what the report page shows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline import __version__
from stageline.costs import Latency, estimate_serving, load_prices
from stageline.costs.serving import serving_assumptions
from stageline.operators.metered_work import run_cost_sentence, works_of_run
from stageline.reporting import content as views
from stageline.spec import Stage, Task
from stageline.spec.metrics import METRICS
from stageline.spec.requirements import missing_for
from stageline.training import BASELINES
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_LOADS = {"today": 1.0, "10x": 10.0, "100x": 100.0}
_NOT_A_NUMBER = float("nan")
_NAMES = {"model": "model", **BASELINES}


def report_content(run: "RunContext", report: Report) -> views.ReportContent:
    """Return the page's content for a run whose steps are all recorded."""
    spec, found, features = run.spec, run.evidence("evaluate"), run.evidence("features")
    quality = run.earlier("quality")
    source = (quality.evidence.get("evidence") or {}).get("source") if quality else None
    evaluated = Report.model_validate(run.require("evaluate").evidence)
    parts = features["parts"]
    return views.ReportContent(
        pipeline=spec.pipeline,
        stage=spec.stage.value,
        run_id=run.run_id,
        created_at=run.run_after,
        package_version=__version__,
        description=spec.description,
        owners={role: who for role, who in spec.owners.model_dump().items() if who},
        verdict=report.verdict,
        sentence=report.evidence["conclusion"],
        same_as=found.get("same_as"),
        target=spec.target.column,
        steps=tuple(
            views.StepLine(step=check.name, verdict=record.verdict, mode=record.mode, sentence=record.sentence)
            for check in report.checks
            if (record := run.earlier(check.name)) is not None
        ),
        kpi=_kpi(run, found),
        gate=_gate(run, found, evaluated),
        metrics=tuple(_metric(metric) for metric in found["metrics"][1:]),
        improvements=tuple(_improvement(item, evaluated) for item in found["improvements"]),
        timeline=tuple(views.TimelinePoint.model_validate(point) for point in found.get("timeline", ())),
        scatter=tuple((actual, predicted) for actual, predicted in found.get("scatter", ())),
        confusion=views.ConfusionView.model_validate(found["confusion"]) if found.get("confusion") else None,
        reliability=tuple((mean, share, n) for mean, share, n in found.get("reliability", ())),
        value=_value(run, found),
        serving=_serving(run, found),
        quality=tuple(_told(check) for check in Report.model_validate(quality.evidence).checks) if quality else (),
        importance=tuple(views.ImportanceView.model_validate(item) for item in found["importance"]),
        importance_note=f"loss of {spec.kpi.metric} when the feature is shuffled in the holdout; "
        "bars end at the mean, whiskers at the extremes of 5 shuffles",
        failures=tuple(_failure(run, case) for case in found["failures"]),
        failures_by=tuple(
            views.FailureGroup(
                column=group["column"], value=group["value"], n=group["rows"],
                share_of_cost=group["share_of_cost"], share_of_rows=group["share_of_rows"],
            )
            for group in found["failures_by"]
        ),
        next_stage=_next_stage(run, evaluated),
        data=views.DataView(
            uri=spec.source.uri,
            source_digest=features["source_digest"],
            rows=sum(parts.values()),
            columns=source["columns"] if source else len(features["numeric"]) + len(features["categorical"]),
            snapshot_table=features["snapshot"]["table"],
            snapshot_version=features["snapshot"]["version"],
            snapshot_digest=features["snapshot"]["digest"],
            train_rows=parts["train"],
            holdout_rows=parts["holdout"],
            split=features["split"],
        ),
        links={"Airflow run": run.airflow_url} if run.airflow_url else {},
        notes=(
            (
                f"Intervals hold 95 % of the metric over resamples of {found['resampled']} of the holdout; differences "
                "are taken on the same resamples."
            ),
            (
                f"Estimator: {run.evidence('train')['estimator']}. The model was loaded back from MLflow, its digest "
                "checked, before it was judged."
            ),
        ),
    )  # fmt: skip


def _kpi(run: "RunContext", found: Mapping[str, Any]) -> views.KpiView:
    kpi = run.spec.kpi
    return views.KpiView(
        metric=kpi.metric,
        greater_is_better=METRICS[kpi.metric].greater_is_better,
        goal=kpi.goal,
        unit=run.spec.target.column if METRICS[kpi.metric].in_target_units else None,
        n=found["n"],
        estimates=_estimates(found["metrics"][0]),
    )


def _gate(run: "RunContext", found: Mapping[str, Any], evaluated: Report) -> views.GateView | None:
    checks = [check for check in evaluated.checks if check.code.startswith("SL-G")]
    champion = (found.get("gate") or {}).get("champion")
    if not checks:
        return None
    parts = [
        _compared("all" if check.code == "SL-G001" else part["slice"], part)
        for check in checks
        for part in ([check.details] if check.code == "SL-G001" else check.details.get("slices", ()))
        if part.get("n")
    ]
    return views.GateView(
        metric=run.spec.kpi.metric,
        champion=champion["version"] if champion else None,
        # A slice that nobody declared can only warn.
        checks=tuple(_told(check).model_copy(update={"verdict": check.effect or check.verdict}) for check in checks),
        parts=tuple(parts),
    )


def _compared(words: str, part: Mapping[str, Any]) -> views.ComparedView:
    def known(number: float | None) -> float:
        return _NOT_A_NUMBER if number is None else number

    change = part["improvement"]
    return views.ComparedView(
        part=words, n=part["n"], candidate=known(part["candidate"]["value"]), champion=known(part["champion"]["value"]),
        change=known(change["value"]), low=known(change["low"]), high=known(change["high"]),
        relative=known(part["relative"]),
    )  # fmt: skip


def _metric(metric: Mapping[str, Any]) -> views.MetricRow:
    return views.MetricRow(
        name=metric["name"], greater_is_better=metric["greater_is_better"], estimates=_estimates(metric)
    )


def _estimates(metric: Mapping[str, Any]) -> tuple[views.EstimateView, ...]:
    order = [who for who in ("model", "linear", "dummy") if who in metric["estimates"]]
    return tuple(
        views.EstimateView.model_validate({"name": _NAMES[who], **_bounds(metric["estimates"][who])}) for who in order
    )


def _bounds(estimate: Mapping[str, Any]) -> dict[str, float]:
    return {end: _NOT_A_NUMBER if estimate[end] is None else estimate[end] for end in ("value", "low", "high")}


def _improvement(item: Mapping[str, Any], evaluated: Report) -> views.ImprovementView:
    called = BASELINES[item["over"]]
    check: Check = next(check for check in evaluated.checks if check.name == f"beats({called})")
    return views.ImprovementView(
        over=called,
        relative=_NOT_A_NUMBER if item["relative"] is None else item["relative"],
        verdict=Verdict.WARNED if check.effect is Verdict.WARNED else check.verdict,
        # The page says the numbers of a plain pass itself.
        message="" if check.verdict is Verdict.PASSED else check.message,
        **_bounds(item["estimate"]),
    )


def _value(run: "RunContext", found: Mapping[str, Any]) -> views.ValueView | None:
    value = found.get("value")
    if value is None:
        return None
    return views.ValueView(
        amount=value["value"],
        low=_NOT_A_NUMBER if value["low"] is None else value["low"],
        high=_NOT_A_NUMBER if value["high"] is None else value["high"],
        currency=value["currency"],
        how=f"{run.spec.kpi.metric} better than the dummy baseline's, times {value['per_unit']:g} "
        f"{value['currency']} per unit and prediction (kpi.value_per_unit), times 1,000 predictions",
    )


def _serving(run: "RunContext", found: Mapping[str, Any]) -> views.ServingView:
    prices = load_prices(run.project)
    latency = Latency(**found["latency"])
    per_month = found.get("rows_per_month")
    today = per_month or float(sum(run.evidence("features")["parts"].values()))
    origin = (
        f"today's load is the data's own: {today:,.0f} rows a month"
        if per_month
        else f"today's load is unknown without an event time; taken as the source's {today:,.0f} rows a month"
    )
    lines = []
    for name, load in _LOADS.items():
        estimate = estimate_serving(latency, today, prices, load=load)
        lines.append(
            views.ServingLine(
                load=name, predictions_per_month=estimate.predictions_per_month, replicas=estimate.replicas,
                cost_per_month=estimate.cost_per_month, cost_per_1000=estimate.cost_per_1000 or _NOT_A_NUMBER,
            )
        )  # fmt: skip
    return views.ServingView(
        currency=prices.currency,
        assumptions=(origin, *serving_assumptions(prices)),
        lines=tuple(lines),
        spent=run_cost_sentence(works_of_run(run), prices),
        latency_ms_single=latency.single_ms,
        latency_ms_per_1000=latency.per_1000_ms,
    )


def _failure(run: "RunContext", case: Mapping[str, Any]) -> views.FailureCase:
    spec = run.spec
    if spec.target.task is Task.CLASSIFICATION:
        unit = "probability missed"
    elif spec.kpi.value_per_unit is not None:
        unit = spec.kpi.currency
    else:
        unit = spec.target.column
    return views.FailureCase.model_validate({**case, "cost_unit": unit})


def _told(check: Check) -> Check:
    """Leave out a check's details: its message quotes what matters of them."""
    return check.model_copy(update={"details": {}})


def _next_stage(run: "RunContext", evaluated: Report) -> views.NextStage | None:
    stages = list(Stage)
    following = stages[stages.index(run.spec.stage) + 1 :]
    if not following:
        return None
    unmet = [
        views.MissingItem(item=check.name, why=check.message, how=_UNMET)
        for check in evaluated.checks
        if check.effect is not None and not check.effect.advances
    ]
    lacking = [
        views.MissingItem(item=key, why=_WHY[key][0], how=_WHY[key][1])
        for key in missing_for(run.spec, following[0].value)
    ]
    return views.NextStage(name=following[0].value, missing=(*unmet, *lacking))


_UNMET = "look at the failures that cost most: better data, more telling features, or a goal the business can live with"


# Why a stage wants a key, and how to give it.
_WHY = {
    "owners.business": ("somebody has to say what the KPI is worth", "name who answers for the use case"),
    "owners.model": ("somebody has to answer when the model fails", "name who answers for the model"),
    "owners.data": ("bad data is the most frequent reason for failure", "name who answers for the source"),
    "owners.operations": ("somebody has to be called at night", "name who runs it"),
    "source.keys": ("late labels are joined by key", "name the columns that together name a row"),
    "source.event_time": ("a production model must never see the future", "name the column that says when"),
    "quality": ("from the next stage on, critical expectations block", "declare what the data must keep to"),
    "gates": ("a candidate has to beat the champion", "add gates: {min_improvement: 0.0, slices: [...]}"),
    "release": ("a model needs a place and an approval", "add release: {target: batch, approvers: [model]}"),
    "release.rollout": (
        "traffic moves in judged steps",
        "add release.rollout with steps, interval and deadline",
    ),
    "monitor": ("a served model gets worse unseen", "add monitor: {window: P7D, drift: {fail_above: 0.1}}"),
    "monitor.persist": ("one noisy window is no reason to act", "add persist: {k: 2, n: 3}"),
    "kpi.value_per_unit": ("costs are judged against value", "say what one unit of the KPI is worth"),
}
