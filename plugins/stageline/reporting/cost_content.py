"""Everything the page about costs shows, as frozen values in one currency."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AwareDatetime, Field

from stageline.reporting.content import Count, View
from stageline.verdicts import Check

Amount = Annotated[float, Field(allow_inf_nan=True)]


class BandView(View):
    """An amount with the ends between which eight of ten draws lie."""

    low: Amount
    mean: Amount
    high: Amount


class PartView(View):
    """A part of a month's cost.

    :param fixed: Whether it is spent to build and improve, not to serve.
    """

    name: str
    amount: Amount
    share: float
    fixed: bool


class OptionView(View):
    """One way to get predictions, over the horizon.

    :param cheapest_in: Share of draws in which nothing that fits costs less; none: it does not fit.
    :param misfit: Why it does not fit; empty: it fits.
    :param late_share: Share of draws in which the model becomes too slow.
    """

    words: str
    total: BandView
    per_1000: BandView
    cheapest_in: float | None
    misfit: str = ""
    late_share: float = 0.0


class PointView(View):
    """What a month costs at one load.

    :param load: Requests a month.
    :param per_1000: Of 1,000 predictions.
    :param marginal: Of 1,000 further ones; none at the first load.
    :param fits: Whether the option fits at this load.
    """

    load: Amount
    per_1000: BandView
    marginal: float | None = None
    fits: bool = True


class CurveView(View):
    """One option at ascending loads.

    :param dominant: From which load on which part is the largest.
    """

    words: str
    points: tuple[PointView, ...]
    dominant: tuple[tuple[float, str], ...] = ()


class TurnView(View):
    """Where the marginal cost rises before it falls; costs are of 1,000 predictions."""

    rises_from: Amount
    falls_from: Amount
    lowest: Amount
    highest: Amount


class BreakEvenView(View):
    """A load at which another option becomes the cheapest."""

    load: Amount
    before: str
    after: str
    because: str = ""


class BuildingView(View):
    """How surely a model of one's own is cheaper than a vendor's, by load.

    :param probabilities: Pairs of a load and a share of draws.
    """

    probabilities: tuple[tuple[float, float], ...]
    pays_from: float | None
    pays_surely_from: float | None


class SwingView(View):
    """One uncertain factor: the total at either end of its band."""

    words: str
    at_low: Amount
    at_high: Amount


class SavingView(View):
    """What one lever saves over the horizon."""

    lever: str
    saved: Amount
    share: float


class MonthView(View):
    """One month: what was forecast, and what it cost where that is known.

    :param number: From 1.
    """

    number: Count
    forecast: BandView
    actual: float | None = None


class SpentMonthView(View):
    """What a month came to.

    :param ended: Whether it is over.
    :param machines: Metered, and computed of what stands there all the time.
    :param said: By the plan: people, labels, logs, transfer.
    :param purposes: All of it, by what it was for.
    """

    month: str
    ended: bool
    machines: Amount
    said: Amount
    total: Amount
    predictions: Count
    per_1000: float | None
    purposes: tuple[tuple[str, Amount], ...]


class SpentRunView(View):
    """What a DAG run came to."""

    dag_id: str
    run_id: str
    at: AwareDatetime
    cost: Amount
    steps: Count


class CostContent(View):
    """The page.

    :param requests_per_month: At the start.
    :param per_1000: Of the chosen option, over the horizon.
    :param gate: What 1,000 predictions cost against their limit; none: no limit is set.
    :param per_customer: Of a month today, and `of_revenue` of one unit of revenue; none where it is not known.
    :param first_month: With what it takes to build; `forecast` holds the months after it.
    :param forecast_note: What the forecast's amounts are of; empty: of everything.
    :param spent_months: The newest first, as are the runs.
    :param curve: Of the chosen option; `rivals` are the others that are drawn.
    :param prices: One sentence for each price: what, how much, from where.
    """

    pipeline: str
    created_at: AwareDatetime
    currency: str
    months: Count
    requests_per_month: Amount
    recommendation: str
    chosen: str
    total: BandView
    per_1000: BandView
    gate: Check | None = None
    parts: tuple[PartView, ...]
    cost_centre: str | None = None
    per_customer: float | None = None
    of_revenue: float | None = None
    options: tuple[OptionView, ...]
    curve: CurveView
    rivals: tuple[CurveView, ...] = ()
    turn: TurnView | None = None
    break_evens: tuple[BreakEvenView, ...] = ()
    building: BuildingView | None = None
    swings: tuple[SwingView, ...] = ()
    savings: tuple[SavingView, ...] = ()
    first_month: BandView | None = None
    forecast: tuple[MonthView, ...] = ()
    forecast_note: str = ""
    spent_months: tuple[SpentMonthView, ...] = ()
    spent_runs: tuple[SpentRunView, ...] = ()
    measured: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    warning: str | None = None

    @property
    def curves(self) -> Sequence[CurveView]:
        """The chosen option's curve first."""
        return (self.curve, *self.rivals)
