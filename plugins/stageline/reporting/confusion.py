"""A confusion matrix as the table that is shown: bounded, with each cell's share of its row."""

from dataclasses import dataclass

from stageline.reporting.content import ConfusionView

MOST_LABELS = 12


@dataclass(frozen=True)
class ConfusionRow:
    """One true class: its rows, and per predicted class their count and share."""

    label: str
    n: int
    cells: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class ConfusionTable:
    """The classes with the most rows, in their own order, and how many were left out."""

    labels: tuple[str, ...]
    rows: tuple[ConfusionRow, ...]
    left_out: int


def confusion_table(view: ConfusionView) -> ConfusionTable | None:
    """Return the table, or nothing where no row was counted."""
    totals = [sum(row) for row in view.counts]
    if not sum(totals):
        return None
    frequent = sorted(range(len(totals)), key=lambda index: -totals[index])[:MOST_LABELS]
    kept = sorted(frequent)
    rows = tuple(
        ConfusionRow(
            label=view.labels[true],
            n=totals[true],
            cells=tuple(
                (view.counts[true][predicted], view.counts[true][predicted] / max(totals[true], 1))
                for predicted in kept
            ),
        )
        for true in kept
    )
    return ConfusionTable(tuple(view.labels[index] for index in kept), rows, len(totals) - len(kept))
