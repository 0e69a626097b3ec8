"""What models said of rows while they were asked at the same time: each row once for each, when it first said so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa

# When a row was answered, in microseconds since 1970-01-01 in UTC.
ANSWERED = "stageline.answered"
_MODEL = "stageline.model"


@dataclass(frozen=True)
class ObservedPredictions:
    """The predictions of a pipeline since two models are asked with the same shares.

    :param folder: Of the Delta table of predictions; without a table there are none.
    :param columns: What tells rows apart, and what else is wanted of them beside the prediction.
    :param keys: How many of the columns, from the first on, tell rows apart.
    :param since: When the models got these shares, in UTC: a row that is scored again counts once.
    """

    folder: Path
    columns: Sequence[str]
    keys: int
    since: datetime

    def of(self, digests: Sequence[str], start: datetime, end: datetime) -> "list[pa.Table]":
        """Return columns, `prediction` and `stageline.answered` of what each model first said between two times.

        :param digests: Of the models' files.
        :param start: What was said then counts, what was at `end` does not.
        :raises ArtifactError: The table cannot be read, or lacks a column.
        """
        import duckdb
        import pyarrow as pa
        import pyarrow.compute as pc
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if not DeltaTable.is_deltatable(str(self.folder)):
            return [pa.table({"prediction": pa.array([], pa.float64())}) for _ in digests]
        try:
            rows = DeltaTable(str(self.folder)).to_pyarrow_dataset()
            scored, model = pc.field("scored_at"), pc.field("model_digest")
            kind = rows.schema.field("scored_at").type
            first, last, since = (pa.scalar(each, kind) for each in (start, end, self.since))
            wanted = {name: pc.field(name) for name in dict.fromkeys((*self.columns, "prediction"))}
            wanted |= {_MODEL: model.cast("string"), ANSWERED: scored.cast("int64")}
            made = rows.scanner(columns=wanted, filter=(scored >= since) & (scored < last) & model.isin(list(digests)))
            with duckdb.connect() as connection:
                connection.register("predictions", made.to_reader())
                found = connection.sql(self._query, params=[first.cast(pa.int64()).as_py()]).to_arrow_table()
        except (DeltaError, duckdb.Error, KeyError, OSError, pa.ArrowException) as error:
            words = str(error).partition("\n")[0]
            raise ArtifactError(f"predictions in {str(self.folder)!r} cannot be read: {words}") from error
        return [found.filter(pc.equal(found[_MODEL], digest)).drop_columns([_MODEL]) for digest in digests]

    @property
    def _query(self) -> str:
        own = ", ".join(map(_quoted, (*dict.fromkeys(self.columns[: self.keys]), _MODEL)))
        return (
            "SELECT * FROM (SELECT * FROM predictions "  # noqa: S608 - names are quoted
            f"QUALIFY row_number() OVER (PARTITION BY {own} ORDER BY {_quoted(ANSWERED)}) = 1) "
            f"WHERE {_quoted(ANSWERED)} >= $1"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
