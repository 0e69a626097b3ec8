"""What all said of each scenario: shares of alarms, and windows until the first one."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring.ours import Judged, Labelled
from monitoring.peers import RULES
from monitoring.scenarios import LENGTH, SHARES, Scenario

SIZES = {300: "300", 1_000: "1 k", 10_000: "10 k", 100_000: "100 k", 1_000_000: "1 M"}
Said = dict[str, dict[str, dict[str, bool]]]
PEER_RULES = [(name, rule) for name, rules in RULES.items() for rule in rules]
Cells = dict[tuple[str, str, int], list["Told"]]


@dataclass(frozen=True)
class Told:
    """What all said of one scenario.

    :param peers: By peer and rule, of the windows that it judged.
    """

    scenario: Scenario
    ours: list[Judged]
    peers: dict[tuple[str, str], list[bool]]

    @property
    def labelled(self) -> list[Labelled]:
        """What the true values showed, of the windows that have them."""
        return [judged.labelled for judged in self.ours if judged.labelled is not None]

    @property
    def losses(self) -> list[bool]:
        """Of each of these, whether performance alarmed: by the window alone, or by those so far."""
        return [each.alarm or each.smoothed for each in self.labelled]


def told_of(scenario: Scenario, ours: list[Judged], said: Said) -> Told:
    names = [f"{scenario.name}-{place}" for place in scenario.places]
    peers = {(name, rule): [said[name][window][rule] for window in names] for name, rule in PEER_RULES if name in said}
    return Told(scenario, ours, peers)


def cells_of(told: Iterable[Told]) -> Cells:
    """Return by family, effect and rows what was said."""
    cells: Cells = {}
    for each in told:
        cells.setdefault((each.scenario.family, each.scenario.effect, each.scenario.rows), []).append(each)
    return cells


def share(alarms: Sequence[bool]) -> float | None:
    return sum(alarms) / len(alarms) if alarms else None


def alarms_of(told: Iterable[Told], who: tuple[str, str] | None = None, *, persistent: bool = False) -> list[bool]:
    """Return of each window whether drift alarmed: by us, or by a peer's rule."""
    if who is not None:
        return [alarm for each in told for alarm in each.peers.get(who, ())]
    return [judged.persistent if persistent else judged.alarm for each in told for judged in each.ours]


def loss_alarms(told: Iterable[Told]) -> list[bool]:
    """Return of each window with true values whether performance alarmed."""
    return [alarm for each in told for alarm in each.losses]


def delays(alarms: Sequence[bool]) -> list[int]:
    """Return how many windows it took to the first alarm, of each six in a row; one more than all if it never came."""
    parts = [list(alarms[begin : begin + LENGTH]) for begin in range(0, len(alarms), LENGTH)]
    return [part.index(True) + 1 if True in part else len(part) + 1 for part in parts]


def mean_delay(told: Iterable[Told], *, persistent: bool) -> float:
    """Return the windows until drift alarms."""
    return statistics.mean(
        late
        for each in told
        for late in delays([judged.persistent if persistent else judged.alarm for judged in each.ours])
    )


def mean_loss_delay(told: Iterable[Told], *, smoothed: bool) -> float | None:
    """Return the windows until performance alarms; none of nothing.

    :param smoothed: With the moving average; else by single windows alone.
    """
    found = [
        late
        for each in told
        for late in delays(each.losses if smoothed else [window.alarm for window in each.labelled])
    ]
    return statistics.mean(found) if found else None


def found_in_six(told: Iterable[Told]) -> float | None:
    """Return the share of changes that performance finds within six windows, or all there are; none of nothing."""
    return share(
        [any(each.losses[begin : begin + LENGTH]) for each in told for begin in range(0, len(each.losses), LENGTH)]
    )


def told_strength(cell: Sequence[Told]) -> str:
    """Return how strong a cell's changes are, in words."""
    scenario = cell[0].scenario
    low, high = (function(each.scenario.strength for each in cell) for function in (min, max))
    percent = 100 if scenario.family in SHARES else 1
    span = " to ".join(dict.fromkeys(f"{percent * end:.2g}" for end in (low, high)))
    words = {
        "mean": f"+{span} sd",
        "scale": f"+{span} of the sd",
        "category": f"{span} of shares turned",
        "correlation": f"0.9 to {0.9 * (1 - high):.2f}",
        "concept": f"turned by {span}",
        "mean in season": "2 limits, or half-way to 1",
    }
    if scenario.family in SHARES:
        return f"+{span} % of rows"
    return words.get(scenario.family, "")


def told_change(family: str, effect: str) -> str:
    kind = {"none": "", "twice": ", twice the limit"}.get(effect, f", {effect}")
    return {"none": "no change", "season": "season only"}.get(family, family) + kind
