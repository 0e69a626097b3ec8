"""Rows that a person lets in again: those still in the source pass, those no longer there are appended."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables.event_time import parse_event_time
from stageline.tables.restoring import restore
from stageline.tables.row_codes import row_codes

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.tables.quarantined_rows import QuarantinedRow

_UNKNOWN = "it neither fails in the source nor stands in the quarantine"


@dataclass(frozen=True)
class Readmission:
    """Which rows a run goes on with.

    It holds that rows of the source + appended = rows of `passed` + quarantined.

    :param passed: The source without the quarantined rows, then the appended ones.
    :param quarantined: Positions in the source of the failing rows that stay out, ascending, int64, shape (q,).
    :param quarantined_ids: Their ids.
    :param let_in: Ids of failing rows that pass because a person said so.
    :param appended: Ids of rows that are no longer in the source.
    :param superseded: Ids of rows in whose place the source has others; they are not appended.
    :param refused: Why each other released row cannot be let in, by its id.
    """

    passed: "pa.Table"
    quarantined: "np.ndarray"
    quarantined_ids: tuple[str, ...]
    let_in: tuple[str, ...]
    appended: tuple[str, ...]
    superseded: tuple[str, ...]
    refused: dict[str, str]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What became of the released rows."""
        counted = (
            (self.let_in, "failing row(s) let in"),
            (self.appended, "released row(s) appended: the source no longer has them"),
            (self.superseded, "released row(s) superseded: the source has them, or others of their key"),
        )
        told = tuple(f"{len(ids):,} {words}" for ids, words in counted if ids)
        return told + tuple(f"released row {id_!r} stays out: {why}" for id_, why in self.refused.items())


def readmit(
    source: "pa.Table",
    *,
    positions: "Sequence[int] | np.ndarray",
    ids: Sequence[str],
    released: Collection[str],
    stored: Iterable["QuarantinedRow"] = (),
    keys: Sequence[str] = (),
    finite: Collection[str] = (),
    event_time: str | None = None,
) -> Readmission:
    """Split a source into the rows that pass and those that stay out.

    :param positions: Positions of the failing rows in the source, ascending; `ids` are theirs.
    :param released: Ids that a person let in.
    :param stored: The released rows as they were quarantined; needed of those that do not fail in this source.
    :param keys: Columns that together name a row: a released row is superseded by another of its key.
    :param finite: Columns in which an infinite value would end the run: the features and the target.
    :param event_time: Column in which a row without a time would end the run.
    """
    import numpy as np
    import pyarrow as pa

    failing = np.asarray(positions, np.int64)
    passes = np.ones(source.num_rows, dtype=bool)
    passes[failing] = False
    witness = source.take(np.flatnonzero(passes)[:1])
    fitness = _Fitness(witness, tuple(finite), event_time)

    asked = [at for at, one in enumerate(ids) if one in released]
    problems = fitness.problems(source.take(pa.array(failing[asked])))
    refused = {ids[at]: problem for at, problem in zip(asked, problems, strict=True) if problem}
    enters = np.array([one in released and one not in refused for one in ids], dtype=bool)
    passes[failing[enters]] = True

    present = set(ids)
    gone = {row.id: row for row in stored if row.id in released and row.id not in present}
    refused |= {one: _UNKNOWN for one in released if one not in present and one not in gone}
    # Of two rows of one key, the one that was quarantined last is appended.
    rows = sorted(gone.values(), key=lambda row: (row.recorded_at, row.id), reverse=True)
    restored, why_not = restore(rows, source.schema, finite=finite)
    why_not = [known or problem for known, problem in zip(why_not, fitness.problems(restored), strict=True)]
    refused |= {row.id: problem for row, problem in zip(rows, why_not, strict=True) if problem}
    fit = np.array([problem is None for problem in why_not], dtype=bool)
    fitting = [row.id for row in rows if row.id not in refused]
    restored = restored.filter(pa.array(fit))
    new = _are_new(restored, source, keys)
    return Readmission(
        passed=pa.concat_tables([source.filter(pa.array(passes)), restored.filter(pa.array(new))]),
        quarantined=failing[~enters],
        quarantined_ids=tuple(one for one, enter in zip(ids, enters, strict=True) if not enter),
        let_in=tuple(one for one, enter in zip(ids, enters, strict=True) if enter),
        appended=tuple(one for one, is_new in zip(fitting, new, strict=True) if is_new),
        superseded=tuple(one for one, is_new in zip(fitting, new, strict=True) if not is_new),
        refused=refused,
    )


@dataclass(frozen=True)
class _Fitness:
    """Whether a row may stand in the table that the run goes on with.

    :param witness: A row of the source that passes: a time with a zone does not go with one without.
    """

    witness: "pa.Table"
    finite: tuple[str, ...]
    event_time: str | None

    def problems(self, rows: "pa.Table") -> list[str | None]:
        """Say of each row why it may not; none if it may."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        found: list[str | None] = [None] * rows.num_rows
        for column in self.finite:
            if column in rows.column_names and pa.types.is_floating(rows[column].type):
                # By way of 64 bits: Arrow asks no 16 of them.
                infinite = pc.is_inf(rows[column].cast(pa.float64())).fill_null(False)
                for at in np.flatnonzero(infinite).tolist():
                    found[at] = _infinite(column)
        if self.event_time in rows.column_names and not self._has_times(rows):
            for at in range(rows.num_rows):
                if not self._has_times(rows.slice(at, 1)):
                    found[at] = (
                        f"its event time {self.event_time!r} is null, no time, or with a zone where others have none"
                    )
        return found

    def _has_times(self, rows: "pa.Table") -> bool:
        import pyarrow as pa

        column = str(self.event_time)
        try:
            parse_event_time(pa.concat_tables([self.witness, rows]).select([column]), column)
        except DataError:
            return False
        return True


def _infinite(column: str) -> str:
    return f"column {column!r} is infinite; mend it in the source"


def _are_new(rows: "pa.Table", source: "pa.Table", keys: Sequence[str]) -> "np.ndarray":
    """Return which rows have neither an equal in the source nor another row of their key, there or before them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    new = np.ones(rows.num_rows, dtype=bool)
    if not rows.num_rows:
        return new
    both = pa.concat_tables([source, rows])
    content = row_codes(both)
    new &= ~np.isin(content[source.num_rows :], content[: source.num_rows])
    if keys:
        code = row_codes(both.select(list(keys)))
        of_rows = code[source.num_rows :]
        named = ~np.logical_or.reduce([np.asarray(pc.is_null(rows[key], nan_is_null=True)) for key in keys])
        _, first = np.unique(of_rows, return_index=True)
        repeated = np.ones(rows.num_rows, dtype=bool)
        repeated[first] = False
        new &= ~(named & (repeated | np.isin(of_rows, code[: source.num_rows])))
    return new
