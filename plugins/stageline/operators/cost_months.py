"""Each month of a pipeline: what was metered, what is said and computed beside it, and what had been forecast."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.costs.actual import BUILD, IMPROVE, MAINTAIN, PURPOSES, SERVE, Spent, Work, by_month
from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.simulate import Spread
from stageline.costs.units import HOURS_PER_MONTH
from stageline.costs.usage import COMPUTE, DEVELOPMENT, LICENCES, METERED, TRANSFER, VENDOR
from stageline.operators.cost_forecast import FORECAST, served_by
from stageline.operators.cost_traffic import answers_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stageline.costs.prices import Prices
    from stageline.ledger import Record
    from stageline.operators.cost_analysis import Analysis
    from stageline.operators.run_context import RunContext

_PURPOSE_OF = {DEVELOPMENT: IMPROVE, LICENCES: IMPROVE, COMPUTE: SERVE, TRANSFER: SERVE}


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC, in the currency of the prices.

    :param name: E.g. `2026-11`.
    :param share: Of it that has passed, 0 to 1.
    :param metered: What its records took.
    :param served: Machine time of replicas that stand all the time: computed from the plan, not metered.
    :param said: What the plan says beside it, by purpose: people, labels, logs, transfer.
    :param predictions: That were made.
    :param forecast: Of what is metered and served, by the newest forecast before the month; none: there was none.
    """

    name: str
    share: float
    metered: Spent
    served: float
    said: Mapping[str, float]
    predictions: int
    forecast: Spread | None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.share >= 1

    @property
    def machines(self) -> float:
        """What was metered and computed: what the forecast's band is about."""
        return self.metered.total + self.served

    @property
    def purposes(self) -> dict[str, float]:
        """All of it, by what it was for."""
        return {
            name: self.metered.purposes[name] + self.said.get(name, 0.0) + (self.served if name == SERVE else 0.0)
            for name in PURPOSES
        }

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.purposes.values())

    @property
    def per_1000(self) -> float | None:
        """Of 1,000 predictions; none: none were made."""
        return self.total * 1_000 / self.predictions if self.predictions else None

    def as_json(self) -> dict[str, Any]:
        """Return it as evidence has it."""
        band = self.forecast
        return {
            "month": self.name, "share": self.share, "metered": self.metered.total, "served": self.served,
            "said": sum(self.said.values()), "total": self.total, "purposes": self.purposes,
            "predictions": self.predictions, "per_1000": self.per_1000,
            "forecast": {"low": band.low, "mean": band.mean, "high": band.high} if band else None,
        }  # fmt: skip


def months_of(
    run: "RunContext", works: "Sequence[Work]", analysis: "Analysis | None", prices: "Prices", now: datetime
) -> list[Month]:
    """Return each month in which anything was metered, and the current one, the earliest first.

    :param analysis: None where nothing was measured yet: then nothing is said or computed beside what was metered.
    """
    spent = by_month(works, prices)
    current = f"{now.astimezone(UTC):%Y-%m}"
    nothing = Spent({}, dict.fromkeys(PURPOSES, 0.0), 0, 0)
    forecasts = run.ledger.records(run.name, kinds=(FORECAST,))
    promoted = _promoted_at(run)
    months = []
    for name in sorted({*spent, current}):
        begun, end = month_bounds(name)
        share = min((now - begun) / (end - begun), 1.0)
        metered = spent.get(name, nothing)
        months.append(
            Month(
                name, share, metered,
                served=_standing(run, analysis, _hours(begun, min(end, now), promoted)),
                said=_said(run, analysis, share),
                predictions=answers_between(run, begun, end) if run.predictions.served else metered.predictions,
                forecast=forecast_before(forecasts, begun, name, prices.currency),
            )
        )  # fmt: skip
    return months


def month_bounds(name: str) -> tuple[datetime, datetime]:
    """Return the first moment of a month and that of the next one, in UTC."""
    year, month = map(int, name.split("-"))
    after = year * 12 + month
    return datetime(year, month, 1, tzinfo=UTC), datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)


def forecast_before(records: "Sequence[Record]", begun: datetime, name: str, currency: str) -> Spread | None:
    """Return what the newest forecast before a month says of it, of machines and storage; none says anything: none.

    :param records: The newest first.
    """
    for record in records:
        told = record.evidence.get("evidence") or {}
        if record.recorded_at >= begun or told.get("currency") != currency:
            continue
        for month in told.get("months") or ():
            if month["month"] == name:
                return Spread(**month["metered"])
    return None


def _promoted_at(run: "RunContext") -> datetime | None:
    first = run.ledger.records(run.name, kinds=("promotion",), newest_first=False, limit=1)
    return first[0].recorded_at if first else None


def _hours(begun: datetime, end: datetime, promoted: datetime | None) -> float:
    """Return for how many hours of a stretch a model was in use."""
    if promoted is None:
        return 0.0
    return max((end - max(begun, promoted)).total_seconds() / 3_600, 0.0)


def _standing(run: "RunContext", analysis: "Analysis | None", hours: float) -> float:
    """Return what machines cost that stand there for so long: replicas of the capacity plan."""
    if analysis is None or run.spec.release is None or run.spec.release.target == "batch" or not hours:
        return 0.0
    name = served_by(run.spec, analysis.plan)
    if name is None:
        return 0.0
    month = monthly_costs(option_named(name), analysis.plan, analysis.prices, from_start=False)
    return month.money(COMPUTE).amount * hours / HOURS_PER_MONTH


def _said(run: "RunContext", analysis: "Analysis | None", share: float) -> dict[str, float]:
    """Return what the plan says of a month, as far as it has passed, of what nobody meters."""
    said = dict.fromkeys((BUILD, IMPROVE, SERVE, MAINTAIN), 0.0)
    if analysis is None:
        return said
    option = option_named(served_by(run.spec, analysis.plan) or "batch")
    month = monthly_costs(option, analysis.plan, analysis.prices, from_start=False)
    for name in month.by_category:
        if name not in METERED and name != VENDOR:
            said[_PURPOSE_OF.get(name, MAINTAIN)] += month.money(name).amount * share
    return said
