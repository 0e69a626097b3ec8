"""Two tables that are compared on their own, without a pipeline."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from stageline.exceptions import DataError, SpecError
from stageline.monitoring.measures import MEASURES
from stageline.verdicts import Report

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext
    from stageline.serving import RowSource


@dataclass(frozen=True)
class TwoTables:
    """See `DriftCheckOperator` for the parameters."""

    table: str
    reference: str
    columns: tuple[str, ...]
    measure: str
    fail_above: float

    @classmethod
    def of(cls, task: str, *, pipeline: str | None, until: str | None, given: Mapping[str, Any]) -> Self | None:
        """Return what a task's arguments say, or none where they name a pipeline.

        :param task: How errors call the place.
        :raises SpecError: They are about nothing, about two things, or cannot be kept.
        """
        if pipeline is not None:
            if said := [name for name, value in given.items() if value]:
                raise SpecError(f"{task}: with pipeline, all else is said in its spec; leave out {', '.join(said)}")
            return None
        if not given["table"] or not given["reference"]:
            raise SpecError(f"{task}: give either pipeline, or table and reference")
        if until is not None:
            raise SpecError(f"{task}: until is {until!r}, but a table is compared whole; leave it out")
        columns = given["columns"]
        if isinstance(columns, str):
            raise SpecError(f"{task}: columns is the text {columns!r}; expected a list of columns")
        measure = given["measure"] or MEASURES[0]
        if measure not in MEASURES:
            raise SpecError(f"{task}: measure is {measure!r}; allowed: {', '.join(MEASURES)}")
        above = 0.1 if given["fail_above"] is None else given["fail_above"]
        if not isinstance(above, (int, float)) or not math.isfinite(above) or above <= 0:
            raise SpecError(f"{task}: fail_above is {above!r}; expected a number above 0")
        return cls(given["table"], given["reference"], tuple(columns), measure, float(above))

    def at(self, table: str | None, reference: str | None) -> Self:
        """Return the same with the paths as Airflow has rendered them."""
        return replace(self, table=table or self.table, reference=reference or self.reference)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return both tables as they are now, and how they are compared."""
        return {
            "table": self._open(run, self.table).digest,
            "reference": self._open(run, self.reference).digest,
            "how": (self.columns, self.measure, self.fail_above),
        }

    def check(self, run: "RunContext") -> Report:
        """Profile the reference, count the table in one scan, and compare."""
        import pyarrow as pa

        from stageline.monitoring.checks import drift_checks, drift_sentence, traffic_check
        from stageline.monitoring.drift import DriftLimits, compare
        from stageline.monitoring.profiling import Wanted, make_profile
        from stageline.monitoring.scan import count_rows

        reference = self._open(run, self.reference)
        columns = self._columns(reference, self._open(run, self.table))
        with reference.unchanged():
            held = list(_batches(reference, columns))
        known = pa.Table.from_batches(held, None if held else _schema(reference, columns))
        profile = make_profile(
            known,
            Wanted(dict.fromkeys(columns, "feature"), measure=self.measure),
            made_from=reference.digest,
            name=repr(self.reference),
        )
        current = self._open(run, self.table, {name: known.schema.field(name).type for name in columns})
        with current.unchanged():
            counts = count_rows(_batches(current, columns), profile.bins)
        rows = int(counts.rows.sum())
        findings = compare(profile, counts, limits=DriftLimits(fail_above=self.fail_above)) if rows else ()
        where = repr(self.table)
        return Report(
            step="drift",
            checks=(traffic_check(rows, where, DriftLimits().min_n), *drift_checks(findings)),
            evidence={"rows": rows, "reference": {"uri": self.reference, "rows": profile.rows}},
            sentence=drift_sentence(findings, rows) if rows else f"no rows in {where}: nothing is known",
        )

    def _columns(self, reference: "RowSource", current: "RowSource") -> list[str]:
        known = {field.name: field.type for field in reference.schema}
        for name in self.columns:
            for place, source in ((self.reference, reference), (self.table, current)):
                if name not in source.schema.names:
                    raise DataError(
                        f"{place!r}: column {name!r} is missing; there are: {', '.join(source.schema.names)}"
                    )
        if self.columns:
            return list(self.columns)
        both = [name for name, kind in known.items() if name in current.schema.names and _is_watched(kind)]
        if not both:
            raise DataError(f"{self.table!r} and {self.reference!r} have no column of numbers or texts in common")
        return both

    @staticmethod
    def _open(run: "RunContext", place: str, types: "Mapping[str, pa.DataType] | None" = None) -> "RowSource":
        from stageline.serving import open_rows

        path = Path(place).expanduser()
        if path.is_absolute():
            return open_rows(path.name, path.parent, types or _guessed(path))
        return open_rows(place, run.project, types or _guessed(run.project / place))


def _batches(source: "RowSource", columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
    from stageline.serving.row_parts import RaggedLines, read_part

    for part in source.parts:
        yield from read_part(source.uri, part, columns, RaggedLines())


def _schema(source: "RowSource", columns: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([source.schema.field(name) for name in columns])


def _guessed(path: Path) -> "Mapping[str, pa.DataType]":
    """Return the types of a CSV file's columns, from its first rows: numbers as floats, all else as texts."""
    import pyarrow as pa
    from pyarrow import csv

    if path.suffix.lower() != ".csv" or not path.is_file():
        return {}
    try:
        with csv.open_csv(path) as reader:
            schema = reader.schema
    except (pa.ArrowException, OSError):
        return {}  # opening it for real says why
    return {
        field.name: pa.float64() if pa.types.is_integer(field.type) or pa.types.is_floating(field.type) else pa.string()
        for field in schema
    }


def _is_watched(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        matches(value)
        for matches in (
            pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean, pa.types.is_string,
            pa.types.is_large_string,
        )
    )  # fmt: skip
