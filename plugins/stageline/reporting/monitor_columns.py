"""The watched columns of the monitoring page: those that moved first, each with its measures and its distribution."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageline.reporting.charts.against_limit import draw_against_limit
from stageline.reporting.charts.shares import Tally, ValueShare, value_shares
from stageline.reporting.charts.spread import SpreadChart, draw_spread
from stageline.reporting.monitor_content import DistributionView, MonitorContent
from stageline.reporting.ordering import urgency
from stageline.verdicts import Check, Severity, Verdict

# Passed columns that are shown open; more of them are folded together.
MOST_QUIET = 6
_KINDS = {
    "distribution": "distribution",
    "missing": "missing values",
    "outside": "outside of the range",
    "new": "new categories",
}
_OUTPUTS = {
    "model.prediction": "what the model predicts",
    "model.confidence": "how sure the model is",
    "model.reconstruction": "how well rows fit the reference's main directions",
}
_PERSISTENT = "SL-M009"


@dataclass(frozen=True)
class Measured:
    """One signal of a column, as the page tells it.

    :param name: What was measured.
    :param svg: The value with its bounds against its limit; none where nothing could be measured.
    """

    check: Check
    name: str
    low: float | None
    high: float | None
    svg: str | None


@dataclass(frozen=True)
class WatchedColumn:
    """One column.

    :param what: What it is, where it is none of the table's own.
    :param signals: The urgent ones first.
    :param chart: Its numbers, in the window and in the reference.
    :param shares: Its most frequent categories.
    :param fresh: Share of categories that the reference never held, where it held all there were.
    :param ignored: Whether nothing of it counts: the model does not use it.
    """

    name: str
    what: str
    verdict: Verdict
    signals: tuple[Measured, ...]
    chart: SpreadChart | None = None
    shares: tuple[ValueShare, ...] = ()
    fresh: float | None = None
    private: bool = False
    ignored: bool = False
    persistent: tuple[Check, ...] = ()


@dataclass(frozen=True)
class WatchedColumns:
    """All columns: those that need attention, and those that passed."""

    open: tuple[WatchedColumn, ...]
    quiet: tuple[WatchedColumn, ...]


def watched_columns(content: MonitorContent) -> WatchedColumns:
    """Sort the checks of the step `drift` by column, failed before inconclusive before passed."""
    by_column: dict[str, list[Check]] = {}
    for check in content.drift:
        if "kind" in check.details:
            by_column.setdefault(str(check.details.get("column")), []).append(check)
    persistent = [check for check in content.drift if check.code == _PERSISTENT]
    cards = [
        _card(name, checks, persistent, content.distributions.get(name), private=name in content.private)
        for name, checks in by_column.items()
    ]
    rank = {name: min(map(_weight, checks)) for name, checks in by_column.items()}
    cards.sort(key=lambda card: rank[card.name])
    return WatchedColumns(
        open=tuple(card for card in cards if card.verdict is not Verdict.PASSED),
        quiet=tuple(card for card in cards if card.verdict is Verdict.PASSED),
    )


def _weight(check: Check) -> tuple[bool, int, int]:
    # What the model does not use comes last, whatever was found of it.
    return check.severity is Severity.INFO, *urgency(check)


def _card(
    name: str, checks: Sequence[Check], persistent: Iterable[Check], spread: DistributionView | None, *, private: bool
) -> WatchedColumn:
    ranked = sorted(checks, key=_weight)
    names = {check.name for check in checks}
    shown = None if private else spread
    ignored = all(check.severity is Severity.INFO for check in checks)
    numbers = shown if shown and shown.kind == "number" else None
    return WatchedColumn(
        name=name,
        what=_OUTPUTS.get(name, ""),
        verdict=ranked[0].verdict,
        signals=tuple(map(_measured, ranked)),
        chart=draw_spread(numbers.cuts, numbers.reference, numbers.current) if numbers else None,
        shares=tuple(_shares(shown)) if shown and shown.kind == "category" else (),
        fresh=_fresh(shown) if shown and shown.kind == "category" else None,
        private=private,
        ignored=ignored,
        persistent=tuple(check for check in persistent if check.details.get("name") in names),
    )


def _measured(check: Check) -> Measured:
    details: Mapping[str, Any] = check.details
    low, high = (_number(details.get(end)) for end in ("low", "high"))
    kind = str(details["kind"])
    name = _KINDS.get(kind, kind)
    if kind == "distribution":
        name = check.name.partition("(")[0].replace("_", " ")
    return Measured(check, name, low, high, draw_against_limit(check.value, low, high, check.limit))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _shares(spread: DistributionView) -> list[ValueShare]:
    return value_shares(*(_tally(spread.names, counts) for counts in (spread.current, spread.reference)))


def _tally(names: Sequence[str], counts: Sequence[int]) -> Tally:
    return Tally(dict(zip(names, counts, strict=False)), counts[-1])


def _fresh(spread: DistributionView) -> float | None:
    whole = sum(spread.current)
    return spread.current[-1] / whole if spread.complete and whole and spread.current[-1] else None
