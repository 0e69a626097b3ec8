"""All that a cost report says of a pipeline at one moment."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from stageline.costs.actual import RunSpent, Work, by_run, dearest_by_dag
from stageline.costs.anomaly import judge_month_so_far, judge_run
from stageline.costs.judge import amount_words, judge_month
from stageline.costs.money import Money
from stageline.exceptions import CostError
from stageline.operators.cost_forecast import analysis_of, append_forecast, months_after
from stageline.operators.cost_months import Month, months_of
from stageline.operators.metered_work import works_of
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stageline.costs.prices import Prices
    from stageline.operators.cost_analysis import Analysis
    from stageline.operators.cost_grounds import Grounds
    from stageline.operators.run_context import RunContext

_METERED = "SL-C004"
_SHOWN_RUNS = 50


@dataclass(frozen=True)
class Accounts:
    """What a pipeline cost.

    :param analysis: What it would cost; none: no run has measured a latency yet, as `without` says.
    """

    run: "RunContext"
    now: datetime
    prices: "Prices"
    works: "Sequence[Work]"
    months: "Sequence[Month]"
    analysis: "Analysis | None"
    grounds: "Grounds | None"
    without: str = ""

    @classmethod
    def of(cls, run: "RunContext", now: datetime) -> Self:
        """Add up.

        :param now: The current month is its.
        :raises SpecError: The prices cannot be read.
        """
        from stageline.costs.prices import load_prices

        prices, works = load_prices(run.project), works_of(run.ledger, run.name)
        analysis, grounds, without = None, None, ""
        try:
            analysis, grounds = analysis_of(run)
        except CostError as error:
            without = str(error)
        months = months_of(run, works, analysis, prices, now)
        return cls(run, now, prices, works, months, analysis, grounds, without)

    @cached_property
    def runs(self) -> list[RunSpent]:
        """Each DAG run, the newest first."""
        return by_run(self.works, self.prices)

    def report(self, step: str) -> Report:
        """Judge, and record the forecast of the months to come where this month has none yet."""
        self._forecast()
        current = self.months[-1]
        checks = (*self._metered(), *self._ended(), *self._so_far(current), *self._runs(step), *self._limit())
        return Report(
            step=step, checks=checks, sentence=self._sentence(current, checks),
            evidence={
                "currency": self.prices.currency, "prices_as_of": self.prices.as_of,
                "months": [month.as_json() for month in self.months], "shares": self._shares(current),
                "runs": [
                    {
                        "dag_id": each.dag_id, "run_id": each.run_id, "at": each.at.isoformat(),
                        "cost": each.spent.total, "parts": dict(each.spent.parts), "steps": each.spent.pieces,
                    }
                    for each in self.runs[:_SHOWN_RUNS]
                ],
                "coming": self._coming(), "rests_on": self.grounds.told() if self.grounds else [],
            },
        )  # fmt: skip

    def _forecast(self) -> None:
        """Record a forecast, once a month: each month is held against the newest one before it."""
        if self.analysis is None or self.grounds is None or self.coming:
            return
        try:
            append_forecast(self.run, self.analysis, self.grounds, self.now)
        except CostError:
            return  # nothing that is compared fits: the report still says what was spent
        self.__dict__.pop("coming", None)

    @cached_property
    def coming(self) -> list[dict[str, Any]]:
        """The months of the newest forecast that was made in the current month."""
        found = self.run.ledger.records(self.run.name, kinds=("cost_forecast",), limit=1)
        told = (found[0].evidence.get("evidence") or {}) if found else {}
        months: list[dict[str, Any]] = list(told.get("months") or ())
        (following,) = months_after(self.now, 1)
        return months if months and months[0]["month"] == following else []

    def _coming(self) -> list[dict[str, Any]]:
        return [{"month": each["month"], "forecast": each["metered"]} for each in self.coming]

    def _metered(self) -> tuple[Check, ...]:
        pieces, runs = len(self.works), len(self.runs)
        found = Check(
            code=_METERED, name="metered", severity=Severity.WARNING,
            verdict=Verdict.PASSED if pieces else Verdict.INCONCLUSIVE,
            message=f"{pieces:,} steps of {runs:,} runs were metered" if pieces else "no step was metered yet",
            n=pieces,
        )  # fmt: skip
        if not self.without:
            return (found,)
        doubt = Check(
            code=_METERED, name="planned", severity=Severity.WARNING, verdict=Verdict.INCONCLUSIVE,
            message=f"no forecast: {self.without}",
        )  # fmt: skip
        return (found, doubt)

    def _ended(self) -> tuple[Check, ...]:
        """Judge the newest month that is over, if there was a forecast of it."""
        ended = [month for month in self.months if month.ended]
        if not ended or ended[-1].forecast is None:
            return ()
        month = ended[-1]
        spent = Money(month.machines, self.prices.currency) if month.metered.pieces or month.served else None
        return (judge_month(spent, month.forecast, f"{month.name} (machines and storage)"),) if month.forecast else ()

    def _so_far(self, month: Month) -> tuple[Check, ...]:
        if month.forecast is None:
            return ()
        return (
            judge_month_so_far(
                month.machines, month.forecast, month.name, self.prices.currency, passed=month.share
            ),
        )  # fmt: skip

    def _runs(self, step: str) -> tuple[Check, ...]:
        last = self.run.ledger.newest(self.run.name, step=step)
        since = last.recorded_at if last else None
        return tuple(judge_run(each, self.prices.currency) for each in dearest_by_dag(self.runs, since))

    def _limit(self) -> tuple[Check, ...]:
        if self.analysis is None or self.analysis.limit_per_1000 is None:
            return ()
        return (self.analysis.gate,)

    def _shares(self, month: Month) -> dict[str, Any]:
        """Return what a customer and a unit of revenue cost by the last month that is over, else by this one."""
        said = self.run.spec.costs
        whole = next((each for each in reversed(self.months) if each.ended), None)
        cost = whole.total if whole else month.total / month.share if month.share else 0.0
        return {
            "month": whole.name if whole else f"{month.name}, as if it went on so",
            "cost": cost,
            "cost_centre": said.cost_centre if said else None,
            "per_customer": cost / said.customers if said and said.customers else None,
            "of_revenue": cost / said.revenue_per_month if said and said.revenue_per_month else None,
        }

    def _sentence(self, month: Month, checks: "Sequence[Check]") -> str:
        currency = self.prices.currency
        each = f", {amount_words(month.per_1000, currency)} per 1,000 predictions" if month.per_1000 is not None else ""
        told = (
            f"{month.name} so far: {currency} {month.total:,.2f}, of which {currency} {month.machines:,.4g} on "
            f"machines and storage{each}"
        )
        wrong = [check.message for check in checks if check.effect is not None and check.effect is not Verdict.PASSED]
        return "; ".join([told, *wrong[:2]])
