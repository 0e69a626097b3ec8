"""Whether a target is an amount or a class, and why it is read so."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.spec.models import Task
from stageline.tables.floats import holds_numbers, holds_text

if TYPE_CHECKING:
    import pyarrow as pa

# Whole numbers with more different values than this are read as amounts.
MAX_NUMBER_CLASSES = 10
_ROWS_PER_CLASS = 2
_YES = frozenset({"1", "true", "yes", "y", "t", "positive", "pos", "churned", "fraud", "malignant"})


@dataclass(frozen=True)
class TargetTask:
    """The task of a target.

    :param reason: What in the data the task rests on.
    :param positive: For two classes, the one whose probability is meant; else None.
    :param positive_reason: What that choice rests on.
    :param classes: Number of classes; 0 for amounts.
    """

    task: Task
    reason: str
    positive: str | int | bool | None = None
    positive_reason: str = ""
    classes: int = 0


def task_of(values: "pa.ChunkedArray") -> TargetTask:
    """Return whether the target's values are amounts or classes."""
    import pyarrow as pa

    values, kind = values.drop_null(), values.type
    if holds_text(kind) or pa.types.is_dictionary(kind):
        return _classes(values, f"text with {len(values.unique()):,} different values")
    if pa.types.is_boolean(kind):
        return _classes(values, "true or false")
    if holds_numbers(kind):
        return _task_of_numbers(values)
    return TargetTask(Task.REGRESSION, f"values of type {kind}")


def _task_of_numbers(values: "pa.ChunkedArray") -> TargetTask:
    import pyarrow as pa
    import pyarrow.compute as pc

    distinct = len(values.unique())
    if not (pa.types.is_integer(values.type) or _all_whole(values)):
        return TargetTask(Task.REGRESSION, f"numbers with decimals, {distinct:,} different ones")
    reason = f"whole numbers with {distinct:,} different values"
    if distinct == 2:  # noqa: PLR2004 - yes or no
        return _classes(values, reason)
    if distinct > MAX_NUMBER_CLASSES or distinct < 2:  # noqa: PLR2004 - one class is no class
        return TargetTask(Task.REGRESSION, reason)
    if pc.min(values.value_counts().field("counts")).as_py() < _ROWS_PER_CLASS:
        return TargetTask(Task.REGRESSION, f"{reason}, one of them in a single row")
    return _classes(values, f"{reason} only; write regression if they are amounts")


def _all_whole(values: "pa.ChunkedArray") -> bool:
    import pyarrow.compute as pc

    floats = values.cast("float64", safe=False)
    return bool(len(floats)) and bool(pc.all(pc.equal(floats, pc.floor(floats))).as_py())


def _classes(values: "pa.ChunkedArray", reason: str) -> TargetTask:
    counts = {pair["values"]: pair["counts"] for pair in values.value_counts().to_pylist()}
    if len(counts) != 2:  # noqa: PLR2004 - only two classes have a positive one
        return TargetTask(Task.CLASSIFICATION, reason, classes=len(counts))
    affirming = [label for label in counts if _as_text(label).strip().casefold() in _YES]
    rarer = min(counts, key=lambda label: (counts[label], str(label)))
    positive = affirming[0] if len(affirming) == 1 else rarer
    why = "by its name" if len(affirming) == 1 else "the rarer class"
    return TargetTask(
        Task.CLASSIFICATION,
        reason,
        positive=positive if isinstance(positive, (str, bool)) else int(positive),
        positive_reason=f"{why}: {counts[positive] / len(values):.1%} of {len(values):,} rows",
        classes=2,
    )


def _as_text(label: object) -> str:
    """Return a label as text; 1.0 and 1 are the same class."""
    return f"{label:g}" if isinstance(label, float) else str(label)
