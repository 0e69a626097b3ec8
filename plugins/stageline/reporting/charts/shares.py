"""How often a column holds its most frequent values, in this run and in the reference."""

from collections.abc import Mapping
from dataclasses import dataclass

MOST_VALUES = 6


@dataclass(frozen=True)
class ValueShare:
    """One value's share of the values that are not null, 0 to 1; unknown where it was not counted apart."""

    value: str | None
    now: float | None
    before: float | None


@dataclass(frozen=True)
class Tally:
    """Counts of single values, and of all others together."""

    counts: Mapping[str, int]
    others: int = 0

    @property
    def total(self) -> int:
        """Number of values."""
        return sum(self.counts.values()) + self.others

    def share(self, value: str) -> float | None:
        """Return a value's share; one that may be among the others, or a share of nothing, is unknown."""
        total = self.total
        if not total:
            return None
        if value in self.counts:
            return self.counts[value] / total
        return None if self.others else 0.0


def value_shares(now: Tally | None, before: Tally | None) -> list[ValueShare]:
    """Return the values most frequent in either run, and all others as the value `None`."""
    runs = [run for run in (now, before) if run is not None]
    known = dict.fromkeys(value for run in runs for value in run.counts)
    shares = [ValueShare(value, *(run.share(value) if run else None for run in (now, before))) for value in known]
    shares.sort(key=lambda one: -max(one.now or 0, one.before or 0))
    kept = shares[:MOST_VALUES]
    values = {one.value for one in kept}
    rest = ValueShare(None, *(_rest(run, values) if run else None for run in (now, before)))
    return [*kept, rest] if rest.now or rest.before else kept


def _rest(run: Tally, kept: set[str | None]) -> float | None:
    others = run.others + sum(count for value, count in run.counts.items() if value not in kept)
    return others / run.total if run.total else None
