"""Spark as an engine: it shares the parts of a source out, and each task scores its own as one process would."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING

from stageline import exceptions
from stageline.exceptions import DataError, StagelineError
from stageline.serving.kept_model import KeptModel, library_versions, require_same_libraries
from stageline.serving.row_parts import RowPart
from stageline.serving.scored_rows import ScoredRows, score_parts
from stageline.serving.skew_watch import SkewCounts
from stageline.serving.staged_files import Staging
from stageline.serving.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic import TypeAdapter
    from pyspark.sql import SparkSession

    from stageline.serving.rows import RowSource
    from stageline.serving.scoring import Scoring

# Below so many rows, a task takes the next part too: a Delta table may have thousands of small files.
_TASK_ROWS = 1 << 19
_TOLD = "share long, told string"


@dataclass(frozen=True)
class Refused:
    """Why a task did not score its rows.

    :param kind: Name of the exception.
    :param trace: Where other code than Stageline's raised it.
    """

    kind: str
    sentence: str
    trace: str = ""


@dataclass(frozen=True)
class SparkEngine:
    """Scores in the tasks of a Spark session.

    Executors need what this process has: the package with the same versions of its libraries, and the project, the
    model and the predictions under the same paths. Neither rows nor predictions pass through this process.

    :param model: Loaded by each executor.
    """

    session: "SparkSession"
    model: KeptModel

    def __call__(self, source: "RowSource", scoring: "Scoring", staged: Staging) -> ScoredRows:
        """Score all rows of a source.

        :raises StagelineError: What the first task that failed has raised.
        :raises DataError: One failed otherwise, or Spark itself.
        """
        shares = share_out(source.parts)
        nothing = ScoredRows(Tally(), SkewCounts())
        if not shares:
            return nothing
        # The model travels as a file, not as a pickle.
        blind = replace(scoring, oracle=replace(scoring.oracle, model=None))
        told = self._run(Errand(source.uri, shares, blind, self.model, staged), hushed=bool(scoring.private))
        found = []
        for number, one in enumerate(told):
            if isinstance(one, Refused):
                which = f" (task {number + 1} of {len(told)})" if len(told) > 1 else ""
                raise _as_error(one, f"{source.uri!r}{which}", hushed=bool(scoring.private))
            found.append(one)
        return reduce(ScoredRows.followed_by, found, nothing)

    def _run(self, errand: "Errand", *, hushed: bool) -> list[ScoredRows | Refused]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        count = len(errand.shares)
        try:
            each = self.session.range(0, count, 1, count).mapInArrow(errand.run, _TOLD)
            told = {row["share"]: row["told"] for row in each.collect()}
        except (Py4JError, PySparkException) as error:
            words = type(error).__name__ if hushed else _words(error)
            raise DataError(
                f"{errand.uri!r}: Spark could not score it, nothing was written: {words}; Spark's own log tells more"
            ) from (None if hushed else error)
        outcome = _outcome()
        return [outcome.validate_json(told[share]) for share in range(count)]


@dataclass(frozen=True)
class Errand:
    """What every task is told.

    :param shares: The parts of each task.
    :param scoring: Without its model.
    :param libraries: The versions of whoever asks.
    """

    uri: str
    shares: Sequence[Sequence[RowPart]]
    scoring: "Scoring"
    model: KeptModel
    staged: Staging
    libraries: dict[str, str] = field(default_factory=library_versions)

    def run(self, batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Yield what became of the shares whose numbers come in, one row for each."""
        import pyarrow as pa

        outcome = _outcome()
        for batch in batches:
            for share in batch.column(0).to_pylist():
                told = outcome.dump_json(self.outcome(share)).decode()
                yield pa.RecordBatch.from_pydict({"share": pa.array([share], pa.int64()), "told": [told]})

    def outcome(self, share: int) -> ScoredRows | Refused:
        """Score a share; an error is returned, since Spark would try the same again and lose its kind."""
        try:
            require_same_libraries(self.libraries, library_versions())
            oracle = replace(self.scoring.oracle, model=self.model.load())
            return score_parts(self.uri, self.shares[share], replace(self.scoring, oracle=oracle), self.staged)
        except StagelineError as error:
            return Refused(type(error).__name__, str(error), _foreign_trace(error))
        except Exception as error:  # noqa: BLE001 - whatever a library raises
            return Refused(type(error).__name__, str(error), _foreign_trace(error))


def share_out(parts: Sequence[RowPart]) -> list[list[RowPart]]:
    """Put parts that follow each other together, until they are worth a task."""
    shares: list[list[RowPart]] = []
    rows: int | None = None
    for part in parts:
        if rows is None or part.rows is None or rows >= _TASK_ROWS:
            shares.append([])
            rows = 0
        shares[-1].append(part)
        rows = None if part.rows is None else rows + part.rows
    return shares


def _outcome() -> "TypeAdapter[ScoredRows | Refused]":
    from pydantic import ConfigDict, TypeAdapter

    # JSON has no NaN, but features have.
    return TypeAdapter(ScoredRows | Refused, config=ConfigDict(ser_json_inf_nan="constants"))


def _words(error: Exception) -> str:
    """Return the line of Spark's that tells most: of a trace of Python's the last, else the first."""
    lines = [line.removeprefix(": ") for line in str(error).strip().splitlines()]
    # What Java was called for says nothing to whoever scores.
    told = [line for line in lines if line and not line.startswith("An error occurred while calling")]
    if not told:
        return type(error).__name__
    return told[-1] if any(line.startswith("Traceback") for line in told) else told[0]


def _foreign_trace(error: BaseException | None) -> str:
    """Return where code that is not Stageline's raised what stopped the task: a model's, in most cases."""
    while isinstance(error, StagelineError):
        error = error.__cause__
    return "" if error is None else "".join(traceback.format_exception(error))


def _as_error(refused: Refused, place: str, *, hushed: bool) -> Exception:
    kind = getattr(exceptions, refused.kind, None)
    if isinstance(kind, type) and issubclass(kind, StagelineError):
        sentence = refused.sentence if place in refused.sentence else f"{place}: {refused.sentence}"
        return _noted(kind(sentence), refused.trace)
    words = refused.kind if hushed else f"{refused.kind}: {refused.sentence}"
    error = DataError(f"{place}: a task of Spark failed, nothing was written: {words}")
    return error if hushed else _noted(error, refused.trace)


def _noted(error: Exception, trace: str) -> Exception:
    if trace:
        error.add_note(trace)
    return error
