"""Whether costs are out of the ordinary: SL-C003, of the month so far and of each DAG's runs."""

from stageline.costs.actual import LEAST_EXCESS, LEAST_RUNS, TIMES, Usual
from stageline.costs.simulate import Spread
from stageline.verdicts import Check, Severity, Verdict

_CODE = "SL-C003"


def judge_month_so_far(spent: float, forecast: Spread, month: str, currency: str, *, passed: float) -> Check:
    """Judge what a month has cost before it is over: above the band of the whole month already, it failed.

    :param spent: On machines and storage, in the currency.
    :param forecast: Of the whole month.
    :param passed: Share of the month, 0 to 1.
    """
    told = f"{month} so far ({passed:.0%} of it): {currency} {spent:,.4g}"
    band = f"{forecast.low:,.4g} to {forecast.high:,.4g} were forecast for all of it"
    above = spent > forecast.high
    return Check(
        code=_CODE, name="cost(month)", verdict=Verdict.FAILED if above else Verdict.PASSED, severity=Severity.CRITICAL,
        message=f"{told}, above its band already; {band}: look at what was used" if above else f"{told}; {band}",
        value=spent, limit=forecast.high,
    )  # fmt: skip


def judge_run(usual: Usual, currency: str) -> Check:
    """Judge a run beside the earlier ones of its DAG; with fewer than five of them it is only told."""
    run, cost = usual.run, usual.run.spent.total
    told = f"{run.dag_id}: {run.run_id} cost {currency} {cost:,.4g}"
    if usual.median is None:
        return Check(
            code=_CODE, name=f"cost({run.dag_id})", verdict=Verdict.PASSED, severity=Severity.INFO, value=cost,
            message=f"{told}; {usual.earlier} earlier runs, {LEAST_RUNS} are needed to judge it",
        )  # fmt: skip
    beside = f"the median of {usual.earlier} before is {usual.median:,.4g}"
    limit = max(TIMES * usual.median, usual.median + LEAST_EXCESS)
    return Check(
        code=_CODE, name=f"cost({run.dag_id})", verdict=Verdict.FAILED if usual.unusual else Verdict.PASSED,
        message=f"{told}, {cost / usual.median:.1f} times the usual: {beside}; look at what its steps took"
        if usual.unusual and usual.median
        else f"{told}; {beside}",
        value=cost, limit=limit, n=usual.earlier,
    )  # fmt: skip
