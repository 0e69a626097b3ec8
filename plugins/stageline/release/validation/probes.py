"""The questions a model is asked before any user asks one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stageline.training import RecordedExample
    from stageline.training.recorded_example import Cell

EXAMPLE, ONE_ROW, ALL_NULL, UNSEEN, NO_ROWS = "example", "one row", "all null", "unseen category", "no rows"
# Not a value that a table would hold.
UNSEEN_CATEGORY = "stageline: a category that training never saw"


@dataclass(frozen=True)
class Probe:
    """Rows that the model is asked about.

    :param rows: Values in the order of the features; shape (n, features).
    """

    name: str
    rows: "tuple[tuple[Cell, ...], ...]"


def probes_of(example: "RecordedExample") -> tuple[Probe, ...]:
    """Return the example itself and, made from its first row, the edge cases; unseen category only with texts."""
    first = example.rows[:1]
    probes = [Probe(EXAMPLE, example.rows), Probe(ONE_ROW, first)]
    probes.append(Probe(ALL_NULL, tuple((None,) * len(row) for row in first)))
    if example.categorical:
        numbers, texts = len(example.numeric), len(example.categorical)
        probes.append(Probe(UNSEEN, tuple((*row[:numbers], *(UNSEEN_CATEGORY,) * texts) for row in first)))
    return (*probes, Probe(NO_ROWS, ()))
