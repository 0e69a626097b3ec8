"""Whether predictions cost no more than they may: SL-C001; and a month no more than was forecast: SL-C002."""

from stageline.costs.money import Money
from stageline.costs.simulate import Spread
from stageline.verdicts import Check, Severity, Verdict


def judge_cost(
    per_1000: Spread, limit_per_1000: float | None, currency: str, *, blocks: bool, draws: int | None = None
) -> Check:
    """Judge what 1,000 predictions cost against `costs.max_per_1000`.

    :param per_1000: In the currency, everything included.
    :param limit_per_1000: In the same; none: it is only told.
    :param blocks: Whether a failure stops the pipeline, as in production; else it warns.
    :param draws: On which it rests.
    """
    told = f"1,000 predictions cost {amount_words(per_1000.mean, currency)}"
    severity = Severity.CRITICAL if blocks else Severity.WARNING
    if limit_per_1000 is None:
        verdict, severity, message = Verdict.PASSED, Severity.INFO, f"{told}; costs.max_per_1000 sets a limit"
    else:
        limit = f"costs.max_per_1000 = {amount_words(limit_per_1000, currency)}"
        if per_1000.mean > limit_per_1000:
            verdict = Verdict.FAILED
            message = f"{told} > {limit}: pull a lever, choose another option, or allow more"
        elif per_1000.high > limit_per_1000:
            verdict = Verdict.WARNED
            message = f"{told}, within {limit}; a tenth of the draws lies above {amount_words(per_1000.high, currency)}"
        else:
            verdict, message = Verdict.PASSED, f"{told}, within {limit}"
    return Check(
        code="SL-C001", name="cost_per_1000", verdict=verdict, severity=severity, message=message, value=per_1000.mean,
        limit=limit_per_1000, n=draws,
    )  # fmt: skip


def judge_month(actual: Money | None, forecast: Spread, month: str) -> Check:
    """Judge what a month cost against its forecast; above the band it warns, and is told to its owner.

    :param actual: What was metered; none: nothing was.
    :param forecast: Of the month, in the same currency.
    :param month: As people name it.
    """
    if actual is None:
        return _month(Verdict.INCONCLUSIVE, f"{month}: nothing was metered", forecast)
    told = f"{month} cost {amount_words(actual.amount, actual.currency)}"
    band = f"{forecast.low:,.2f} to {forecast.high:,.2f} were forecast"
    if actual.amount > forecast.high:
        more = f"{actual.amount / forecast.mean:.1f} times the mean" if forecast.mean > 0 else "more than nothing"
        return _month(Verdict.WARNED, f"{told}, {more}; {band}: look at what was used", forecast, actual.amount)
    below = ", less than expected" if actual.amount < forecast.low else ""
    return _month(Verdict.PASSED, f"{told}{below}; {band}", forecast, actual.amount)


def _month(verdict: Verdict, message: str, forecast: Spread, value: float | None = None) -> Check:
    return Check(
        code="SL-C002", name="cost_of_month", verdict=verdict, severity=Severity.WARNING, message=message, value=value,
        limit=forecast.high,
    )  # fmt: skip


def amount_words(amount: float, currency: str) -> str:
    """Return an amount as a sentence has it: to the cent, below one to four digits."""
    return f"{currency} {amount:,.4g}" if abs(amount) < 1 else f"{currency} {amount:,.2f}"
