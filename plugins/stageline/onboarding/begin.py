"""`stageline init`: from a data file to a pipeline that runs, or to an error before anything is written."""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from stageline.features import build_features
from stageline.onboarding.data_place import find_place
from stageline.onboarding.propose import propose_spec
from stageline.onboarding.scaffold import lay_down, spec_path
from stageline.spec.loading import FOLDER, load_spec
from stageline.spec.models import PipelineSpec
from stageline.tables import SourceTable, read_source, require_usable
from stageline.tables.parsed_file import tell_rejected


@dataclass(frozen=True)
class InitResult:
    """What `stageline init` made.

    :param written: All new files, the spec first.
    :param notes: Sentences for the terminal, the leaks first.
    :param uri: How the spec names the source.
    """

    spec_path: Path
    written: tuple[Path, ...]
    notes: tuple[str, ...]
    uri: str


def init_pipeline(
    project: Path, name: str, source_file: str | Path, target: str, event_time: str | None = None
) -> InitResult:
    """Propose a spec from data and write it, with what the project lacks to run it.

    The source is read and checked whole before anything is written.

    :param project: Root folder; made if it does not exist.
    :param source_file: A .csv or .parquet file, `sklearn://NAME` or `demo://NAME`.
    :raises SpecError: The name is not allowed.
    :raises SourceError: The source cannot be read.
    :raises DataError: No model can be trained on it, or a named column is not there.
    :raises ScaffoldError: The pipeline exists already, or a file cannot be written.
    """
    path = spec_path(project, name)
    source, copied = _read(project, str(source_file))
    proposed = propose_spec(name, source, uri=source.uri, target=target, event_time=event_time)
    spec = _load(name, proposed.text)
    require_usable(source.table, spec, name=source.uri)
    build_features(source.table, spec)
    written = lay_down(project, name, proposed.text, data=copied, data_digest=source.digest)
    ragged = (f"The runs will quarantine {tell_rejected(source.rejected)}.",) if source.rejected else ()
    return InitResult(path, written, (*proposed.notes, *ragged), source.uri)


def _read(project: Path, source_file: str) -> tuple[SourceTable, Path | None]:
    """Return the source under the uri it will have, and the file that must be copied for that."""
    if "://" in source_file:
        return read_source(source_file, project), None
    file = Path(source_file)
    place = find_place(project, file)
    if place.copy_to is None:
        return read_source(place.uri, project), None
    found = file.resolve()
    return replace(read_source(found.name, found.parent), uri=place.uri), file


def _load(name: str, text: str) -> PipelineSpec:
    """Return the spec as the pipeline will load it: read by the loader itself, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FOLDER / f"{name}.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        return load_spec(path).spec
