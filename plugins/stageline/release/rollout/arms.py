"""What was observed of both arms, read with suspicion: what cannot be is told, never judged."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal

from stageline.release.rollout.rates import Counts
from stageline.traffic import Arm, Traffic

if TYPE_CHECKING:
    import numpy as np

Measured = Literal["latency_ms", "predictions", "losses"]
WORDS: dict[Measured, str] = {"latency_ms": "latencies", "predictions": "predictions", "losses": "losses"}
# Share of its rows from which on a champion is no yardstick.
_BROKEN = 0.5


@dataclass(frozen=True)
class Block:
    """Values of both arms in one stretch of time, or in a few that follow each other at the same percentage.

    :param start: With a time zone.
    :param canary: Shape (rows,).
    """

    start: datetime
    canary: "np.ndarray"
    champion: "np.ndarray"


def in_order(traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
    """Return the intervals in the order of time."""
    return tuple(sorted(traffic, key=lambda interval: interval.start))


def present_step(traffic: Sequence[Traffic]) -> tuple[Traffic, ...]:
    """Return the last intervals that have the same percentage, the newest last."""
    last = [
        interval
        for place, interval in enumerate(traffic)
        if all(later.percent == traffic[-1].percent for later in traffic[place:])
    ]
    return tuple(last)


def fault_of_counts(traffic: Sequence[Traffic]) -> str:
    """Return what is wrong with the numbers of events, in words; empty if nothing is."""
    for name, arm in _arms(traffic):
        numbers = [arm.events, *arm.errors.values()]
        if odd := [number for number in numbers if not _is_count(number)]:
            return f"{odd[0]!r} is no number of events of the {name}"
        if arm.failed > arm.events:
            return f"{arm.failed:,} of {arm.events:,} events of the {name} are errors: more than there are"
    return ""


def fault_of_values(traffic: Sequence[Traffic], measured: Measured) -> str:
    """Return what is wrong with the values of both arms, in words; empty if nothing is."""
    import numpy as np

    if fault := fault_of_counts(traffic):
        return fault
    for name, arm in _arms(traffic):
        values = values_of(arm, measured)
        if values is None:
            return f"the {WORDS[measured]} of the {name} are no numbers in one row"
        if len(values) > arm.events - arm.failed:
            answers = arm.events - arm.failed
            return f"{len(values):,} {WORDS[measured]} of the {name} stand beside {answers:,} answers"
        if odd := int(np.count_nonzero(~np.isfinite(values))):
            return f"{odd:,} of {len(values):,} {WORDS[measured]} of the {name} are not finite"
        if measured != "predictions" and (odd := int(np.count_nonzero(values < 0))):
            return f"{odd:,} of {len(values):,} {WORDS[measured]} of the {name} are below zero"
    return ""


def values_of(arm: Arm, measured: Measured) -> "np.ndarray | None":
    """Return one arm's values as numbers, shape (rows,); none where they are no such thing."""
    import numpy as np

    try:
        values = np.asarray(getattr(arm, measured))
        return None if values.ndim != 1 or values.dtype.kind not in "biuf" else values.astype(float)
    except (TypeError, ValueError):
        return None


def broken(interval: Traffic) -> bool:
    """Return whether at least half of what the champion was asked ended in an error: it is no yardstick."""
    champion = interval.champion
    return champion.events > 0 and champion.failed >= _BROKEN * champion.events


def together(traffic: Sequence[Traffic]) -> list[Traffic]:
    """Return the intervals in which both arms were asked something."""
    return [each for each in traffic if each.canary.events and each.champion.events]


def error_counts(traffic: Sequence[Traffic], *, both: bool = True) -> Counts:
    """Return the errors of both arms by interval.

    :param both: Leave out the intervals in which one of the arms was asked nothing; else those of the canary.
    """
    chosen = together(traffic) if both else [each for each in traffic if each.canary.events]
    return counts([(each.canary.failed, each.canary.events, each.champion.failed, each.champion.events)
                   for each in chosen])  # fmt: skip


def counts(rows: Sequence[tuple[float, float, float, float]]) -> Counts:
    """Return counts from, by interval: hits and rows of the canary, hits and rows of the champion."""
    import numpy as np

    hits, asked, champion_hits, champion_asked = np.array(rows, dtype=float).reshape(-1, 4).T
    return Counts(hits, asked, champion_hits, champion_asked)


def by_step(traffic: Sequence[Traffic]) -> list[dict[str, Any]]:
    """Return the rows and the errors of both arms at each percentage, for the record; none that cannot be counted."""
    if fault_of_counts(traffic):
        return []
    steps: dict[int, list[Traffic]] = {}
    for interval in traffic:
        steps.setdefault(interval.percent, []).append(interval)
    return [
        {"percent": percent, "canary": _counted(map(_canary, of)), "champion": _counted(map(_champion, of))}
        for percent, of in steps.items()
    ]


def blocks_of(traffic: Sequence[Traffic], measured: Measured, *, least: tuple[int, int] = (1, 1)) -> list[Block]:
    """Return the values of both arms in blocks that hold enough rows.

    Intervals that follow each other at the same percentage are taken together until there are; the rest is left out.
    How many rows there are says nothing of how they are, so that nothing is chosen by what it shows. Intervals in
    which the champion was broken are left out, too.

    :param least: Rows of the canary and of the champion in a block.
    """
    found: list[Block] = []
    open_: list[Traffic] = []
    for interval in traffic:
        if broken(interval) or not min(rows_of([interval], measured)):
            # What only one arm answered has nothing beside it, and rows of another time are nothing like it.
            continue
        if open_ and open_[-1].percent != interval.percent:
            open_ = []
        open_.append(interval)
        block = Block(open_[0].start, joined(open_, _canary, measured), joined(open_, _champion, measured))
        if len(block.canary) >= least[0] and len(block.champion) >= least[1]:
            found.append(block)
            open_ = []
    return found


def joined(traffic: Sequence[Traffic], arm: Callable[[Traffic], Arm], measured: Measured) -> "np.ndarray":
    """Return one arm's values of all the intervals, shape (rows,)."""
    import numpy as np

    values = [values_of(arm(interval), measured) for interval in traffic]
    return np.concatenate([each for each in values if each is not None] or [np.empty(0)])


def rows_of(traffic: Sequence[Traffic], measured: Measured | None = None) -> tuple[int, int]:
    """Return how many rows of canary and champion there are: events, or values of what is measured."""

    def rows(arm: Arm) -> int:
        return arm.events if measured is None else len(getattr(arm, measured))

    return sum(rows(each.canary) for each in traffic), sum(rows(each.champion) for each in traffic)


def _counted(arms: Iterable[Arm]) -> dict[str, Any]:
    events, errors = 0, dict[str, int]()
    for arm in arms:
        events += int(arm.events)
        for kind, number in arm.errors.items():
            errors[str(kind)] = errors.get(str(kind), 0) + int(number)
    return {"events": events, "errors": {kind: number for kind, number in errors.items() if number}}


def _arms(traffic: Sequence[Traffic]) -> Iterator[tuple[str, Arm]]:
    for interval in traffic:
        yield "champion", interval.champion
        yield "canary", interval.canary


def _canary(interval: Traffic) -> Arm:
    return interval.canary


def _champion(interval: Traffic) -> Arm:
    return interval.champion


def _is_count(number: object) -> bool:
    if isinstance(number, float):
        return math.isfinite(number) and number >= 0 and number.is_integer()
    return isinstance(number, Integral) and int(number) >= 0
