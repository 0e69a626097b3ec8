"""Columns that give the target away, alone or by a formula."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.leakage.formula import Formula, simplest
from stageline.leakage.lookalikes import Likeness, likeness, target_values
from stageline.leakage.products import find_products
from stageline.leakage.sums import find_sum
from stageline.spec.models import Task
from stageline.tables.floats import as_floats, holds_numbers, holds_text
from stageline.tables.wording import shown

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Searching looks at this many rows; a formula, which fewer rows show, is then checked on all of them.
SAMPLED_ROWS = 20_000
FORMULA_ROWS = 5_000
MIN_ROWS = 20
# One target may be written as several sums: parts by channel, parts by region.
MAX_FORMULAS = 5


@dataclass(frozen=True)
class Leak:
    """Columns that give the target away.

    :param columns: The columns, which the model must not see.
    :param strength: 1 for a formula that always holds; else R², balanced accuracy, rank correlation or the
        share of rows in which the formula holds.
    :param sentence: What was seen, with its numbers.
    """

    columns: tuple[str, ...]
    strength: float
    sentence: str


def find_leaks(table: "pa.Table", target: str, *, task: Task, apart: Collection[str]) -> list[Leak]:
    """Return the leaks that can be seen in the rows themselves, single columns first.

    Judged are single columns, sums of columns with factors, and products and ratios of two columns. What
    leaks through time (a value that is only known later) cannot be seen here.

    :param task: What kind of value the target is.
    :param apart: Columns that the model does not see anyway: keys, event time, excluded ones.
    """
    known = table.filter(table[target].is_valid())
    if known.num_rows < MIN_ROWS:
        return []
    others = [
        column
        for column in table.column_names
        if column != target and column not in apart and _can_leak(table[column].type)
    ]
    leaks = list(_single_columns(known, target, others, task))
    if holds_numbers(table[target].type):
        found = {column for leak in leaks for column in leak.columns}
        numeric = [column for column in others if column not in found and holds_numbers(table[column].type)]
        leaks += _formulas(known, target, numeric)
    return leaks


def _can_leak(kind: "pa.DataType") -> bool:
    return holds_numbers(kind) or holds_text(kind)


def _single_columns(table: "pa.Table", target: str, columns: list[str], task: Task) -> Iterator[Leak]:
    sample = _sample(table, SAMPLED_ROWS)
    truth = target_values(sample[target], classification=task is Task.CLASSIFICATION)
    for column in columns:
        seen = likeness(sample[column], truth)
        if seen is not None:
            yield _as_formula(table, target, column) or _as_likeness(sample, target, column, seen)


def _as_likeness(sample: "pa.Table", target: str, column: str, seen: Likeness) -> Leak:
    if seen.measure == "rank correlation":
        said = f"{shown(column)} puts the rows in the order of {shown(target)}: rank correlation"
        where = f"n = {sample.num_rows:,}"
    else:
        said = f"{shown(column)} alone gives {shown(target)}: {seen.measure}"
        where = f"on rows held out from {sample.num_rows:,}"
    return Leak((column,), seen.strength, f"{said} {seen.strength:.4f} ({where})")


def _as_formula(table: "pa.Table", target: str, column: str) -> Leak | None:
    """Return the leak of one column as a formula, if it is a scaled and shifted copy."""
    if not (holds_numbers(table[target].type) and holds_numbers(table[column].type)):
        return None
    sample = _sample(table, FORMULA_ROWS)
    formula = find_sum(as_floats(sample[target]), {column: as_floats(sample[column])})
    return _verified(table, target, formula) if formula else None


def _formulas(table: "pa.Table", target: str, columns: list[str]) -> Iterator[Leak]:
    sample = _sample(table, FORMULA_ROWS)
    truth = as_floats(sample[target])
    left = {column: as_floats(sample[column]) for column in columns}
    for _ in range(MAX_FORMULAS):
        formula = find_sum(truth, left)
        leak = _verified(table, target, formula) if formula else None
        if leak is None:
            break
        yield leak
        # The same question again without them: is the target still in what is left?
        left = {column: values for column, values in left.items() if column not in leak.columns}
    gone: set[str] = set()
    for product in find_products(truth, left):
        leak = None if gone.intersection(product.columns) else _verified(table, target, product)
        if leak is not None:
            gone.update(leak.columns)
            yield leak


def _verified(table: "pa.Table", target: str, formula: Formula) -> Leak | None:
    columns = {column: as_floats(table[column]) for column in formula.columns}
    held = simplest(formula, as_floats(table[target]), columns)
    if held is None:
        return None
    simple, fit = held
    return Leak(simple.columns, fit.holding / fit.rows, f"{simple.text(target)} {fit.where()}")


def _sample(table: "pa.Table", count: int) -> "pa.Table":
    import numpy as np

    if table.num_rows <= count:
        return table
    # Drawn, not every n-th row: a step can meet a period in the data. The seed keeps it the same.
    rows = np.random.default_rng(0).choice(table.num_rows, count, replace=False)
    return table.take(np.sort(rows))
