"""Whether a model can be trained and judged on a table's target."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec, Task
from stageline.tables.numbers import first_infinite, lost_digits

if TYPE_CHECKING:
    import pyarrow as pa

_LEAST_OF_A_CLASS = 2  # one row can be in training or in the holdout, not in both
_BINARY = 2
_FEW_CLASSES = 50


def target_problems(table: "pa.Table", spec: PipelineSpec) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with the target."""
    target = spec.target.column
    values = table[target].drop_null()
    if not len(values):
        yield f"target {target!r} is null in every row"
        return
    wanted = _wrong_type(values, spec.target.task)
    if wanted:
        yield f"target {target!r} has type {values.type}; {wanted}"
        return
    if problem := first_infinite(table[target]) or lost_digits(values):
        yield f"target {target!r} {problem}"
        return
    distinct = values.unique()
    if len(distinct) == 1:
        kind = "a single class" if spec.target.task is Task.CLASSIFICATION else "constant"
        yield f"target {target!r} is {kind}: {distinct[0].as_py()!r} in every row; there is nothing to learn"
    elif spec.target.task is Task.CLASSIFICATION:
        yield from _class_problems(values, spec)


def _wrong_type(values: "pa.ChunkedArray", task: Task) -> str | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types = values.type, pa.types
    if task is Task.REGRESSION:
        number = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
        return None if number else "regression needs numbers"
    if types.is_floating(kind):
        whole = pc.all(pc.or_(pc.equal(pc.round(values), values), pc.invert(pc.is_finite(values)))).as_py()
        return None if whole else "with fractions they are no classes; is target.task right?"
    named = types.is_integer(kind) or types.is_boolean(kind) or types.is_string(kind) or types.is_large_string(kind)
    return None if named else "classification needs texts, whole numbers or booleans"


def _class_problems(values: "pa.ChunkedArray", spec: PipelineSpec) -> Iterator[str]:
    target, metric, positive = spec.target.column, spec.kpi.metric, spec.target.positive
    counts = {pair["values"].as_py(): pair["counts"].as_py() for pair in values.value_counts()}
    if len(counts) > max(_FEW_CLASSES, len(values) // 10):
        yield f"target {target!r} has {len(counts):,} distinct values; classification needs few classes"
        return
    rare = min(counts, key=lambda label: counts[label])
    if counts[rare] < _LEAST_OF_A_CLASS:
        yield f"target {target!r}: class {rare!r} has only {counts[rare]} row; at least {_LEAST_OF_A_CLASS} are needed"
    shown = ", ".join(sorted(map(repr, counts)))
    if positive is not None and positive not in counts:
        yield f"target.positive {positive!r} is not among the classes {shown}"
    elif positive is not None and len(counts) > _BINARY:
        yield f"target.positive is for two classes, {target!r} has {len(counts)} ({shown}); leave the key out"
    if METRICS[metric].binary_only and len(counts) > _BINARY:
        yield f"kpi.metric {metric!r} is for two classes, {target!r} has {len(counts)} ({shown}); choose another metric"
