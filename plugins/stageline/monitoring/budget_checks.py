"""What is said of an error budget: whether it is used up, and whether it burns too fast."""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from stageline.monitoring.budgets import Burn, unit_of
from stageline.spec import Task
from stageline.spec.durations import format_duration
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from stageline.monitoring.budgets import Budget
    from stageline.spec.operating import Objective

BUDGET, PAGE, TICKET = "SL-O001", "SL-O002", "SL-O003"
_EVENTS = {"kpi": "labelled predictions", "freshness": "predictions", "quality": "rows", "latency": "scoring runs"}


def bad_events(objective: "Objective", task: Task) -> str:
    """Return what is wrong with the bad events of an objective, e.g. `late`."""
    if objective.sli == "kpi":
        off = f"off by more than {objective.max_error:,g}" if objective.max_error is not None else ""
        return off if task is Task.REGRESSION else "of a wrong class"
    return {"freshness": "late", "quality": "not delivered", "latency": "too slow"}[objective.sli]


def budget_check(budget: "Budget", task: Task, note: str = "") -> Check:
    """Judge a budget: used up is a failure; too few events say nothing, which warns.

    :param note: What else has to be known about the count.
    """
    asked, count, used = budget.objective, budget.count, budget.used
    events, period, more = _EVENTS[asked.sli], in_words(asked.period), f"; {note}" if note else ""
    details = {"sli": asked.sli, "good": count.good, "total": count.total}
    said = f"{asked.sli}: {count.bad:,} of {count.total:,} {events} were {bad_events(asked, task)}"
    if used is None or budget.exhausted is None:
        message = (
            f"{said}; {count.total:,} are too few to judge {period} by (min_events = {asked.min_events:,}){more}"
            if count.total
            else f"{asked.sli}: no {events} in {period}: nothing is known{more}"
        )
        return Check(
            code=BUDGET, name=f"budget({asked.sli})", verdict=Verdict.INCONCLUSIVE, severity=Severity.WARNING,
            message=message, n=count.total, details=details,
        )  # fmt: skip
    message = (
        f"{said} ({_share(count.bad / count.total)}), {_used(used, exhausted=budget.exhausted)} of the error budget of "
        f"{period} (target {asked.target:g}) is used{more}"
    )
    return Check(
        code=BUDGET, name=f"budget({asked.sli})", verdict=Verdict.FAILED if budget.exhausted else Verdict.PASSED,
        message=message, value=used, limit=1, n=count.total, details=details,
    )  # fmt: skip


def uncounted_check(objective: "Objective", why: str) -> Check:
    """Say that the events of an objective cannot be counted."""
    return Check(
        code=BUDGET, name=f"budget({objective.sli})", verdict=Verdict.ERRORED,
        message=f"{objective.sli}: its events cannot be counted: {why}", details={"sli": objective.sli},
    )  # fmt: skip


def burn_checks(burns: Sequence[Burn], objective: "Objective") -> tuple[Check, ...]:
    """Judge the burn rates: one check for what wakes somebody up, one for what can wait until tomorrow.

    Too few events in a window is what batch scoring mostly has: it is told, and weighs nothing beside the budget.
    """
    found = []
    for code, urgency, severity in ((PAGE, "page", Severity.CRITICAL), (TICKET, "ticket", Severity.WARNING)):
        asked = [burn for burn in burns if burn.pair.urgency == urgency]
        alarming = [burn for burn in asked if burn.alarms]
        undecided = [burn for burn in asked if burn.alarms is None]
        about = alarming or undecided or asked
        words = " and ".join(_pair_in_words(burn, objective) for burn in about)
        if alarming:
            verdict, message = Verdict.FAILED, f"the error budget burns {words}"
        elif undecided or not asked:
            verdict, severity = Verdict.INCONCLUSIVE, Severity.INFO  # noqa: PLW2901 - undecided weighs nothing
            message = f"too few events to judge by (min_events = {objective.min_events:,}): {words}"
        else:
            verdict, message = Verdict.PASSED, f"the error budget does not burn too fast: {words}"
        first = about[0] if about else None
        found.append(
            Check(
                code=code, name=f"burn_{urgency}({objective.sli})", verdict=verdict, severity=severity,
                message=f"{objective.sli}: {message}", n=first.long.total if first else 0,
                value=first.rate_long if first else None, limit=float(first.pair.limit) if first else None,
                details={"sli": objective.sli},
            )
        )  # fmt: skip
    return tuple(found)


def budget_evidence(budget: "Budget", burns: Sequence[Burn]) -> dict[str, Any]:
    """Return a budget and its burn rates as JSON values."""
    asked = budget.objective
    return {
        "sli": asked.sli,
        "target": asked.target,
        "period": format_duration(asked.period),
        "good": budget.count.good,
        "total": budget.count.total,
        "burned": budget.used,
        "exhausted": budget.exhausted,
        "burns": [_burn_evidence(burn, asked) for burn in burns],
    }


def budget_values(found: Mapping[str, Any]) -> dict[str, float]:
    """Return what the charts show of a budget's evidence; what is not known has no point."""
    name = found["sli"]
    values = {f"budget/{name}": found["burned"]}
    if found["total"]:
        values[f"good/{name}"] = found["good"] / found["total"]
    values |= {f"burn/{name}_{burn['severity']}_{burn['long']}": burn["rate_long"] for burn in found["burns"]}
    return {name: float(value) for name, value in values.items() if value is not None}


def in_words(length: timedelta) -> str:
    """Return a length of time in its largest whole unit."""
    for unit, one in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length >= one and not length % one:
            count = length // one
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{length.total_seconds():,.10g} seconds"


def _pair_in_words(burn: Burn, objective: "Objective") -> str:
    unit, pair = unit_of(objective.period), burn.pair
    long, short = (
        f"{in_words(units * unit)} ({count.bad:,} of {count.total:,} bad)"
        for units, count in ((pair.long, burn.long), (pair.short, burn.short))
    )
    if burn.rate_long is None or burn.rate_short is None:
        return f"{long} and {short}"
    return f"{_rate(burn.rate_long)} over {long} and {_rate(burn.rate_short)} over {short}, limit {float(pair.limit):g}"


def _burn_evidence(burn: Burn, objective: "Objective") -> dict[str, Any]:
    unit = unit_of(objective.period)
    return {
        "long": format_duration(burn.pair.long * unit), "short": format_duration(burn.pair.short * unit),
        "rate_long": burn.rate_long, "rate_short": burn.rate_short, "limit": float(burn.pair.limit),
        "severity": burn.pair.urgency, "alarms": burn.alarms,
    }  # fmt: skip


def _rate(rate: float) -> str:
    return f"{rate:,.3g} times as fast as it lasts" if rate < 1_000 else f"{rate:,.0f} times as fast as it lasts"  # noqa: PLR2004


def _share(share: float) -> str:
    percent = 100 * share
    if percent >= 10:  # noqa: PLR2004 - whole per cent are enough from here on
        return f"{percent:.0f} %"
    return f"{percent:.1f} %" if percent >= 0.1 else f"{percent:.1g} %"  # noqa: PLR2004


def _used(used: float, *, exhausted: bool) -> str:
    # Rounded away from 100, which only a budget used to its last event shows.
    percent = round(100 * used, 9)
    return f"{math.ceil(percent) if exhausted else math.floor(percent):,} %"
