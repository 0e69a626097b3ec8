"""What two models said of rows while both were asked: each row once for each model, when it first said so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class ObservedPredictions:
    """The predictions of a pipeline since two models are asked with the same shares.

    :param folder: Of the Delta table of predictions; without a table there are none.
    :param keys: What tells rows apart.
    :param since: When they got these shares, in UTC: a row that is scored again counts once.
    """

    folder: Path
    keys: Sequence[str]
    since: datetime

    def of(self, digests: Sequence[str], start: datetime, end: datetime) -> "list[np.ndarray]":
        """Return what each model first said from `start` to before `end`, classes as codes they have in common.

        :param digests: Of the models' files.
        :raises ArtifactError: The table cannot be read, or lacks a column.
        """
        import numpy as np

        found = self._read(digests, start, end)
        said = [found.filter(_is(found, digest))["prediction"] for digest in digests]
        if not len(found) or np.issubdtype(_array(said[0]).dtype, np.floating):
            return [_array(each) for each in said]
        classes = sorted({str(value) for each in said for value in each.unique().to_pylist()})
        return [np.searchsorted(classes, [str(value) for value in each.to_pylist()]).astype(float) for each in said]

    def _read(self, digests: Sequence[str], start: datetime, end: datetime) -> "pa.Table":
        import duckdb
        import pyarrow as pa
        import pyarrow.compute as pc
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        nothing = pa.table({"digest": pa.array([], pa.string()), "prediction": pa.array([], pa.float64())})
        if not DeltaTable.is_deltatable(str(self.folder)):
            return nothing
        try:
            rows = DeltaTable(str(self.folder)).to_pyarrow_dataset()
            scored, model = pc.field("scored_at"), pc.field("model_digest")
            kind = rows.schema.field("scored_at").type
            first, last, since = (pa.scalar(each, kind) for each in (start, end, self.since))
            wanted = (scored >= since) & (scored < last) & model.isin(list(digests))
            columns = [*dict.fromkeys(self.keys), "model_digest", "prediction", "scored_at"]
            with duckdb.connect() as connection:
                connection.register("predictions", rows.scanner(columns=columns, filter=wanted).to_reader())
                connection.execute("CREATE TEMP TABLE made AS SELECT *, epoch_us(scored_at) AS made_at FROM predictions")
                return connection.sql(
                    "SELECT CAST(model_digest AS VARCHAR) AS digest, arg_min(prediction, made_at) AS prediction FROM made "  # noqa: S608 - names are quoted
                    f"GROUP BY {', '.join(map(_quoted, dict.fromkeys(self.keys)))}, model_digest HAVING min(made_at) >= $1",
                    params=[_microseconds(first)],
                ).to_arrow_table()
        except (DeltaError, duckdb.Error, KeyError, OSError, pa.ArrowException) as error:
            words = str(error).partition("\n")[0]
            raise ArtifactError(f"predictions in {str(self.folder)!r} cannot be read: {words}") from error


def _is(found: "pa.Table", digest: str) -> "pa.ChunkedArray":
    import pyarrow.compute as pc

    return pc.equal(found["digest"], digest)


def _array(values: "pa.ChunkedArray") -> "np.ndarray":
    import numpy as np

    return np.asarray(values.to_numpy())


def _microseconds(moment: "pa.Scalar") -> int:
    import pyarrow as pa

    return int(moment.cast(pa.int64()).as_py())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
