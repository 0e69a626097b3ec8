"""The quarantine of a pipeline: a Delta table to which each run appends the rows it puts aside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.tables.delta_versions import DeltaVersions
from stageline.tables.digest import digest_table
from stageline.tables.quarantined_rows import QuarantinedRow, row_of, schema

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_OF_ID = 6
_SHOWN_IDS = 5


@dataclass(frozen=True)
class StoredQuarantine:
    """Where a run's rows are kept.

    :param version: Delta version that added them; none where the run put nothing aside.
    :param digest: `sha256:…` of them, but for the time they were recorded at; empty where there are none.
    """

    table: str
    version: int | None
    digest: str
    rows: int


@dataclass(frozen=True)
class ListedRow:
    """What is known of a quarantined row over all runs; all but the first four as the last run saw it.

    :param first_seen: When a run first put it aside, in UTC.
    :param times_seen: Number of DAG runs that put it aside.
    :param position: Its position in the source's table, from 0.
    :param line: For a line that is no row: its number in the file, from 1.
    """

    id: str
    first_seen: datetime
    last_seen: datetime
    times_seen: int
    dag_run: str
    source: str
    position: int | None
    line: int | None
    codes: tuple[str, ...]
    expectations: tuple[str, ...]
    reasons: tuple[str, ...]


class QuarantineStore:
    """The quarantined rows of one pipeline; what is in it is never changed.

    :param root: Folder of the Delta table; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self._versions = DeltaVersions(
            root,
            called="quarantine",
            mend="restore it, or move the folder away and run the quality step again",
            mode="append",
            typed=_typed,
            digest_of=_digest,
        )

    def write(self, *rows: "pa.Table", dag_run: str) -> StoredQuarantine:
        """Keep rows of a DAG run, or find them where a try before kept the same ones.

        :param rows: From `rows_of_table` and `rows_of_lines`; without any row, nothing is written.
        :raises ArtifactError: Other runs were always faster, or the table cannot be written or read.
        """
        import pyarrow as pa

        count = sum(part.num_rows for part in rows)
        if not count:
            return StoredQuarantine(str(self._versions.root), None, "", 0)
        table = pa.concat_tables(rows)
        known = {
            "dag_run": pa.repeat(dag_run, count),
            "recorded_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC")), count),
        }
        columns = {**dict(zip(table.column_names, table.columns, strict=True)), **known}
        version = self._versions.write(pa.table(columns), dag_run=dag_run)
        return StoredQuarantine(str(self._versions.root), version.number, version.digest, count)

    def read(self, version: int, *, dag_run: str, digest: str) -> "pa.Table":
        """Return the rows that a DAG run added with a version, with the columns of `QuarantinedRow`.

        :raises ArtifactError: The version is gone, its content is another, or another run's.
        """
        table = self._versions.read(version, digest=digest)
        writers = table["dag_run"].unique().to_pylist()
        if writers != [dag_run]:
            raise ArtifactError(
                f"quarantine version {version} of {str(self._versions.root)!r} holds rows of run {writers[0]!r}, "
                f"not of {dag_run!r}"
            )
        return table

    def listing(self, limit: int | None = None) -> list[ListedRow]:
        """Return the rows that were ever quarantined, those last seen latest first.

        :param limit: How many to return; default: all.
        :raises ArtifactError: A file is gone or cannot be read.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        shown = [name for name in ListedRow.__dataclass_fields__ if name in schema().names]
        parts = list(self._versions.scan([*shown, "recorded_at"]))
        if not parts:
            return []
        table = pa.concat_tables(parts)
        newest = _newest(table).slice(0, limit)
        seen = table.filter(pc.is_in(table["id"], value_set=newest["id"].combine_chunks())).group_by("id")
        totals = seen.aggregate([("recorded_at", "min"), ("recorded_at", "max"), ("dag_run", "count_distinct")])
        of_id = {total["id"]: total for total in totals.to_pylist()}
        return [_listed(entry, of_id[entry["id"]]) for entry in newest.select(shown).to_pylist()]

    def find(self, ids: Iterable[str]) -> list[QuarantinedRow]:
        """Return rows as they were last put aside, in the order asked for, each once.

        :param ids: Whole ids, or beginnings of at least 6 characters that only one id has.
        :raises ArtifactError: An id is unknown, too short or that of several rows; or a file cannot be read.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        asked = list(ids)
        if not asked:
            return []
        text = pa.large_string()
        known = [pc.unique(part["id"]).cast(text) for part in self._versions.scan(["id"])]
        distinct = pc.unique(pa.chunked_array(known, text))
        are_whole = pc.is_in(pa.array(asked, text), value_set=distinct).to_pylist()
        whole = list(
            dict.fromkeys(
                one if is_whole else self._complete(one, distinct)
                for one, is_whole in zip(asked, are_whole, strict=True)
            )
        )
        found = pa.concat_tables(self._versions.scan(among={"id": pa.array(whole, text)}))
        newest = {entry["id"]: row_of(entry) for entry in _newest(found).to_pylist()}
        return [newest[one] for one in whole]

    def _complete(self, start: str, ids: "pa.Array") -> str:
        import pyarrow.compute as pc

        place = str(self._versions.root)
        if len(start) < LEAST_OF_ID:
            raise ArtifactError(f"id {start!r} is too short: give at least its first {LEAST_OF_ID} characters")
        found: list[str] = sorted(ids.filter(pc.starts_with(ids, start)).to_pylist())
        if not found:
            raise ArtifactError(f"no row in the quarantine {place!r} has the id {start!r}, nor one that begins with it")
        if len(found) > 1:
            shown = ", ".join(found[:_SHOWN_IDS]) + (", …" if len(found) > _SHOWN_IDS else "")
            raise ArtifactError(f"{len(found):,} ids begin with {start!r}: {shown}; give more of the one you mean")
        return found[0]


def _listed(entry: dict[str, Any], total: dict[str, Any]) -> ListedRow:
    lists = {name: tuple(entry[name]) for name in ("codes", "expectations", "reasons")}
    return ListedRow(
        **{**entry, **lists},
        first_seen=total["recorded_at_min"],
        last_seen=total["recorded_at_max"],
        times_seen=total["dag_run_count_distinct"],
    )


def _typed(table: "pa.Table") -> "pa.Table":
    return table.select(schema().names).cast(schema())


def _digest(table: "pa.Table") -> str:
    # A second try writes the same rows at another time.
    return digest_table(table.drop(["recorded_at"]))


def _newest(table: "pa.Table") -> "pa.Table":
    """Return the row of each id that was recorded last, the latest first."""
    import numpy as np
    import pyarrow.compute as pc

    order = pc.sort_indices(table, sort_keys=[("recorded_at", "descending")])
    ordered = table["id"].take(order).dictionary_encode().combine_chunks()
    indices = ordered.indices if hasattr(ordered, "indices") else ordered.chunk(0).indices
    _, first = np.unique(indices.to_numpy(), return_index=True)
    return table.take(order.take(np.sort(first)))
