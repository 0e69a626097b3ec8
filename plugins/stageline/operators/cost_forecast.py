"""What the coming months will cost, put on record: readiness asks for it, and each month is held against it."""

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.costs.judge import amount_words, judge_cost
from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.plan import Plan
from stageline.costs.simulate import Spread
from stageline.costs.usage import METERED
from stageline.exceptions import CostError
from stageline.operators.cost_analysis import Analysis, analyse
from stageline.operators.cost_grounds import Grounds
from stageline.verdicts import Check, Report, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext
    from stageline.spec import PipelineSpec

FORECAST = "cost_forecast"
MONTHS = 36
LOADS = (1e3, 1e9)


@dataclass(frozen=True)
class Forecast:
    """The coming months of one option.

    :param option: The one that serves by the spec, where it fits; else the one that is recommended.
    :param total: Of all months, building included where the first month is the one in which it is built.
    :param months: Of each month.
    :param metered: The part of each month that a meter sees: machines and storage.
    :param per_1000: Of all months.
    """

    option: str
    total: Spread
    months: tuple[Spread, ...]
    metered: tuple[Spread, ...]
    per_1000: Spread


def forecast_of(analysis: Analysis, spec: "PipelineSpec") -> Forecast:
    """Return the forecast that follows from an analysis, in its own draws.

    :raises CostError: None of the options fits.
    """
    simulation = analysis.comparison.simulation
    if not simulation.fitting():
        raise CostError(f"there is nothing to forecast for {analysis.pipeline!r}: {analysis.recommendation}")
    name = served_by(spec, analysis.plan) or analysis.chosen
    costs = monthly_costs(option_named(name), analysis.plan, analysis.prices, simulation.state)
    months = _by_month(costs.total, simulation.predictions, analysis.months)
    metered = _by_month(
        sum(value for category, value in costs.by_category.items() if category in METERED),  # type: ignore[arg-type]
        simulation.predictions,
        analysis.months,
    )
    totals = months.sum(axis=-1)
    each = Spread.of(totals * 1_000 / simulation.predictions)
    return Forecast(
        option=name,
        total=Spread.of(totals),
        months=tuple(Spread.of(months[:, month]) for month in range(analysis.months)),
        metered=tuple(Spread.of(metered[:, month]) for month in range(analysis.months)),
        # As the comparison has it: the mean of the costs over that of the predictions.
        per_1000=replace(each, mean=float(totals.mean() / simulation.predictions.mean()) * 1_000),
    )


def served_by(spec: "PipelineSpec", plan: Plan) -> str | None:
    """Return the option that the spec's serving target is; none where it serves nothing, or that does not fit."""
    if spec.release is None:
        return None
    name = {"batch": "batch", "http": "http", "sagemaker": "sagemaker_realtime"}[spec.release.target]
    return name if option_named(name).misfit(plan) is None else None


def record_forecast(run: "RunContext", now: datetime) -> "Record":
    """Compute the forecast of the newest run's model, and append it to the ledger.

    :param run: Of the pipeline, by hand or as a task.
    :param now: The first month is the one after it.
    :raises CostError: No run has measured a latency yet, or nothing that is compared fits.
    """
    analysis, grounds = analysis_of(run)
    return append_forecast(run, analysis, grounds, now)


def analysis_of(run: "RunContext") -> tuple[Analysis, Grounds]:
    """Return what a pipeline would cost as its spec says, and what that rests on.

    :raises CostError: No run has measured a latency yet, or a figure may not be.
    """
    from stageline.costs.prices import load_prices

    grounds = Grounds.of(run)
    return analyse(run.spec, grounds.measured, load_prices(run.project), loads=LOADS, months=MONTHS), grounds


def append_forecast(run: "RunContext", analysis: Analysis, grounds: Grounds, now: datetime) -> "Record":
    """Append the forecast that follows from an analysis.

    :param grounds: What the analysis rests on.
    :raises CostError: Nothing that is compared fits.
    """
    from stageline.operators.release_evidence import entry_of

    report = forecast_report(analysis, forecast_of(analysis, run.spec), run, grounds, now)
    return run.ledger.append(
        entry_of(
            run, kind=FORECAST, step=FORECAST, verdict=report.verdict, sentence=report.sentence,
            evidence=report.as_json(), key=now.isoformat(),
        )
    )  # fmt: skip


def judge_candidate(run: "RunContext", measured: "Mapping[str, float]") -> Check:
    """Judge what 1,000 predictions of this run's candidate would cost, served as the spec says.

    :param measured: In a clean process: milliseconds by `latency`, millions of bytes by `memory`.
    :raises MissingStepError: The run has no evaluation.
    :raises CostError: The load is not known, or nothing that is compared fits.
    """
    from stageline.costs.measurements import Measurements
    from stageline.costs.planning import plan_of
    from stageline.costs.prices import load_prices
    from stageline.costs.simulate import simulate
    from stageline.operators.cost_traffic import logged_pattern

    said, prices = run.spec.costs, load_prices(run.project)
    found = Measurements.of(run.evidence("evaluate"), {"measured": measured})
    rows = sum((run.evidence("features").get("parts") or {}).values())
    planned = plan_of(said, found.beside(rows, logged_pattern(run)), prices, schedule=run.spec.schedule)
    name = served_by(run.spec, planned.plan)
    options = (name,) if name else planned.options
    simulation = simulate(planned.plan, prices, months=MONTHS, options=options, uncertainty=planned.uncertainty)
    fitting = simulation.fitting()
    if not fitting:
        reasons = "; ".join(f"{one.words}: {one.misfit}" for one in simulation.options.values())
        raise CostError(f"none of the ways to serve {run.name!r} fits, so nothing says what it costs: {reasons}")
    return judge_cost(
        simulation.per_1000(fitting[0].name), said.max_per_1000 if said else None, prices.currency,
        blocks=run.stage == "production", draws=len(simulation.predictions),
    )  # fmt: skip


def forecast_report(
    analysis: Analysis, forecast: Forecast, run: "RunContext", grounds: Grounds, now: datetime
) -> Report:
    """Return what is recorded."""
    gate = judge_cost(
        forecast.per_1000, analysis.limit_per_1000, analysis.currency, blocks=run.stage == "production",
        draws=len(analysis.comparison.simulation.predictions),
    )  # fmt: skip
    # Without a limit a forecast is there to be read: it counts as passed, not as told by the way.
    checks = (gate if gate.effect else gate.model_copy(update={"severity": Severity.CRITICAL}),)
    prices = analysis.prices
    evidence = {
        "currency": analysis.currency, "option": forecast.option, "recommended": analysis.chosen,
        "requests_per_month": analysis.plan.traffic.requests_per_month,
        "rows_per_request": analysis.plan.traffic.rows_per_request, "total": asdict(forecast.total),
        "per_1000": asdict(forecast.per_1000),
        "months": [
            {"month": name, **asdict(whole), "metered": asdict(part)}
            for name, whole, part in zip(
                months_after(now, analysis.months), forecast.months, forecast.metered, strict=True
            )
        ],
        "recommendation": analysis.recommendation, "measured": list(analysis.measured),
        "assumed": list(analysis.assumed), "rests_on": grounds.told(), "spec_digest": run.spec_digest,
        "prices": {"as_of": prices.as_of, "valid_until": prices.valid_until, "digest": digest_of_prices(prices)},
    }  # fmt: skip
    return Report(step=FORECAST, checks=checks, evidence=evidence, sentence=_sentence(analysis, forecast))


def months_after(now: datetime, count: int) -> list[str]:
    """Return the names of the calendar months in UTC after a moment's own, e.g. `2026-12`."""
    moment = now.astimezone(UTC)
    first = moment.year * 12 + moment.month  # months are counted from 0: this is the next one
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(first, first + count)]


def digest_of_prices(prices: Any) -> str:
    """Return the digest of a price list."""
    from stageline.operators.user_code import digest_of

    return f"sha256:{digest_of(prices.model_dump_json())}"


def _sentence(analysis: Analysis, forecast: Forecast) -> str:
    total, currency = forecast.total, analysis.currency
    return (
        f"{currency} {total.mean:,.0f} over {analysis.months} months (80 % of the draws: {total.low:,.0f} to "
        f"{total.high:,.0f}), {amount_words(forecast.per_1000.mean, currency)} per 1,000 predictions, by "
        f"{option_named(forecast.option).words}. {analysis.recommendation}"
    )


def _by_month(values: "NDArray[np.float64]", predictions: "NDArray[np.float64]", months: int) -> "NDArray[np.float64]":
    """Return an amount for each draw and month; what is the same in several stands there once."""
    import numpy as np

    return np.broadcast_to(values, (len(predictions), months))
