"""Proposals about values from a closed set: categories, codes, flags."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stageline.quality.proposals.column_values import MOST_EXACT, ColumnValues, Kind
from stageline.quality.proposals.proposal import ProposedExpectation, critical, warning
from stageline.quality.proposals.tails import is_wall
from stageline.quality.proposals.tolerance import mostly_for

_MOST_TEXTS, _MOST_CODES = 20, 12
_LONGEST = 80
# Rare spellings beside the usual texts are left outside the set, as long as they are this rare.
_MOST_RARE = 0.01


@dataclass(frozen=True)
class _Seen:
    """The different values of a column.

    :param counts: How often each occurs.
    :param shared: Those that occur in both halves of the rows, sorted.
    """

    counts: Mapping[Any, int]
    shared: tuple[Any, ...]

    @property
    def rare(self) -> int:
        """The number of rows that hold any other value."""
        return sum(self.counts.values()) - sum(self.counts[value] for value in self.shared)


def about_members(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose a set of values, if the two halves of the rows share it."""
    seen = _look(column)
    if seen is None:
        return
    rows = f"{len(column.known):,} rows"
    if column.role == "the target" and _are_classes(column.kind, seen):
        yield critical(
            "expect_column_values_to_be_in_set",
            f"the {len(seen.counts)} classes seen in {rows}; critical: a class never seen cannot be learned",
            column=column.name, value_set=sorted(seen.counts),
        )  # fmt: skip
        return
    if not seen.shared or (column.kind == "integer" and not _are_codes(column, seen)):
        return
    support = f"the {len(seen.shared)} values seen" if len(seen.shared) > 1 else "the one value seen"
    support += f" in both halves of {rows}"
    given: dict[str, Any] = {"column": column.name, "value_set": list(seen.shared)}
    if seen.rare:
        mostly = mostly_for(seen.rare, len(column.known))
        if seen.rare > _MOST_RARE * len(column.known) or mostly is None:
            return
        support += f", and {seen.rare:,} rare one{'' if seen.rare == 1 else 's'} beside"
        given["mostly"] = mostly
    yield warning("expect_column_values_to_be_in_set", f"{support}; warning: a new value is unusual", **given)


def _look(column: ColumnValues) -> _Seen | None:
    """Return the different values, if they are few enough for a set."""
    casts: Mapping[str, Callable[[Any], Any]] = {"boolean": bool, "integer": int, "text": str}
    if column.kind not in casts:
        return None
    half = len(column.known) // 2
    first, second = (
        {casts[column.kind](value): int(count) for value, count in values.value_counts().items()}
        for values in (column.known.iloc[:half], column.known.iloc[half:])
    )
    shared = tuple(sorted(first.keys() & second.keys()))
    if len(shared) > (_MOST_CODES if column.kind == "integer" else _MOST_TEXTS):
        return None
    counts = {value: first.get(value, 0) + second.get(value, 0) for value in {**first, **second}}
    too_long = column.kind == "text" and any(len(value) > _LONGEST for value in shared)
    too_large = column.kind == "integer" and any(abs(value) > MOST_EXACT for value in shared)
    return None if too_long or too_large else _Seen(counts, shared)


def _are_classes(kind: Kind, seen: _Seen) -> bool:
    """Return whether a target's values are classes, and not numbers to be estimated."""
    if kind == "integer":
        return len(seen.counts) == 2  # noqa: PLR2004 - yes or no
    return len(seen.counts) <= _MOST_TEXTS


def _are_codes(column: ColumnValues, seen: _Seen) -> bool:
    """Return whether whole numbers are codes: all seen in both halves, and not thinning out as counts do."""
    if seen.rare:
        return False
    least, most = seen.shared[0], seen.shared[-1]
    gaps = most - least >= len(seen.shared)
    if len(seen.shared) <= 2 or gaps:  # noqa: PLR2004 - yes or no
        return True
    numbers = column.numbers()
    return is_wall(numbers, float(most)) and is_wall(-numbers, -float(least))
