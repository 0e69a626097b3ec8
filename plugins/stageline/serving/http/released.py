"""A released model, loaded: what it answers, what it takes, and which columns its answers have in the log."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError, StagelineError
from stageline.features import PARTS
from stageline.serving.answers import Oracle
from stageline.serving.features import Columns
from stageline.serving.http.intake import Intake
from stageline.serving.http.log_columns import LogColumns
from stageline.serving.released_files import recorded_features, released_file
from stageline.tracking import Tracking

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.ledger import Ledger, ModelVersion
    from stageline.serving.http.options import Options
    from stageline.spec import PipelineSpec


@dataclass(frozen=True)
class ReleasedModel:
    """A model that can be asked."""

    version: int
    digest: str
    oracle: Oracle
    intake: Intake
    log: LogColumns


def load_released(version: "ModelVersion", options: "Options", spec: "PipelineSpec", ledger: "Ledger") -> ReleasedModel:
    """Load a model that the ledger names: from the copy that is kept, else from where it lies, which is then kept.

    :raises ArtifactError: The file is gone or another, or its snapshot is.
    :raises MissingStepError: No record of its training says what its features are.
    :raises Outage: The ledger, or MLflow where the file lies there, cannot be reached.
    """
    from stageline.spec import Task
    from stageline.training import load_model

    path = released_file(version, spec.pipeline, options.places.tables, Tracking(options.places.tracking_uri))
    with _quiet(), _refusing(version.version, spec.pipeline):
        model = load_model(path, digest=version.digest, trusted_types=options.places.trusted_types)
    oracle = Oracle(model, spec.target.task is Task.CLASSIFICATION, positive=spec.target.positive)
    evidence = recorded_features(version, spec.pipeline, ledger)
    schema = _snapshot_schema(options.places.tables / spec.pipeline / "features", evidence["snapshot"]["version"])
    columns = _columns(evidence, schema, spec)
    intake = Intake(
        columns,
        {name: schema.field(name).type for name in columns.keys},
        frozenset(name for name in columns.numeric if _is_integer(schema, name)),
    )
    private = frozenset() if options.private else frozenset(spec.source.private)
    log = LogColumns.of(columns, intake.key_types, oracle.kinds, private)
    return ReleasedModel(version.version, version.digest, oracle, intake, log)


def _snapshot_schema(folder: Path, version: int) -> "pa.Schema":
    """Return the types that training saw: of a snapshot of millions of rows, nothing else is read."""
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        return pa.schema(DeltaTable(str(folder), version=version).schema().to_arrow())
    except (DeltaError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(
            f"snapshot version {version} in {str(folder)!r} cannot be read: {words}; restore it, or train and release "
            "again"
        ) from error


def _columns(evidence: Mapping[str, Any], schema: "pa.Schema", spec: "PipelineSpec") -> Columns:
    numeric, categorical = tuple(evidence["numeric"]), tuple(evidence["categorical"])
    event_time = spec.source.event_time
    needed = (*numeric, *categorical, *spec.source.keys, *([event_time] if event_time else []))
    if missing := [name for name in needed if name not in schema.names]:
        raise ArtifactError(
            f"snapshot version {evidence['snapshot']['version']} has no column {missing[0]!r}, which the spec now "
            "names; train and release a model with this spec first"
        )
    return Columns(
        numeric=numeric,
        categorical=categorical,
        calendar=tuple(name for name in numeric if name in PARTS) if event_time and spec.features.calendar else (),
        keys=spec.source.keys,
        event_time=event_time,
        zoned=bool(event_time and schema.field(event_time).type.tz),
    )


def _is_integer(schema: "pa.Schema", name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(schema.field(name).type))


@contextmanager
def _refusing(version: int, pipeline: str) -> Iterator[None]:
    """Turn whatever a file raises while it is loaded into an error that names the model."""
    try:
        yield
    except StagelineError:
        raise
    except Exception as error:
        words = next(iter(str(error).strip().splitlines()), "")
        raise ArtifactError(
            f"model version {version} of {pipeline!r} cannot be loaded: {type(error).__name__}: {words}"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence modules that warn about old names when skops looks a type up in all of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
