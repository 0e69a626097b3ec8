"""From a YAML file to a spec, or to one error that lists everything wrong with the file, line by line."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from stageline.exceptions import SpecError
from stageline.spec.explaining import explain
from stageline.spec.models import PipelineSpec
from stageline.spec.problems import Problem
from stageline.spec.source_path import check_source_uri
from stageline.spec.strict_yaml import MAX_BYTES, Document, parse_yaml
from stageline.spec.wording import KeyPath, dotted, suggestion

FOLDER = Path("config", "pipelines")


@dataclass(frozen=True)
class LoadedSpec:
    """A spec and where it came from.

    :param path: The file, as it was named.
    :param project: The root folder, which holds `config/pipelines`; relative sources start there.
    :param digest: `sha256:…` of the spec as canonical JSON, with defaults; comments and order do not count.
    """

    spec: PipelineSpec
    path: Path
    project: Path
    digest: str


def load_spec(path: Path) -> LoadedSpec:
    """Read one pipeline's file, `PROJECT/config/pipelines/NAME.yaml`.

    :raises SpecError: One line for each thing that is wrong: file, line, key, found, allowed.
    """
    path = path.absolute()
    if path.parent.parts[-len(FOLDER.parts) :] != FOLDER.parts or path.suffix != ".yaml":
        raise SpecError(f"{str(path)!r} is not a pipeline's file; put it at PROJECT/{FOLDER}/NAME.yaml")
    project = path.parents[len(FOLDER.parts)]
    document = parse_yaml(_content(path), file=path.relative_to(project).as_posix())
    try:
        spec = PipelineSpec.model_validate(document.value)
    except ValidationError as error:
        raise _refusal(document, explain(error, document.value)) from error
    problems = [*_misplaced(spec, path, project)]
    if problems:
        raise _refusal(document, problems)
    return LoadedSpec(spec=spec, path=path, project=project, digest=_digest(spec))


def load_pipeline(name: str, folder: Path) -> LoadedSpec:
    """Read the pipeline of that name.

    :param folder: The folder `config/pipelines` of a project.
    :raises SpecError: There is no such pipeline, or its file is wrong.
    """
    known = pipeline_names(folder)
    if name not in known:
        there = suggestion(name, known) if known else "it holds no pipeline"
        raise SpecError(f"no pipeline {name!r} in {str(folder)!r}; {there}")
    return load_spec(folder / f"{name}.yaml")


def pipeline_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the pipelines in a folder, sorted; the files are not opened.

    :raises SpecError: The folder cannot be listed.
    """
    try:
        files = [file for file in folder.iterdir() if file.suffix == ".yaml" and not file.name.startswith(".")]
    except OSError as error:
        raise SpecError(f"the folder {str(folder)!r} cannot be listed: {error.strerror}") from error
    return tuple(sorted(file.stem for file in files))


def find_pipelines_folder(start: Path) -> Path:
    """Return the nearest `config/pipelines` in a folder or the ones above it.

    :raises SpecError: There is none.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    raise SpecError(f"no folder {FOLDER.as_posix()!r} in {str(start)!r} or above; create one with `stageline init`")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"{str(path)!r} cannot be read: {error.strerror}") from error


def _misplaced(spec: PipelineSpec, path: Path, project: Path) -> Iterable[Problem]:
    """Yield what is wrong only because of where the file stands."""
    if spec.pipeline != path.stem:
        yield (
            ("pipeline",),
            f"found {spec.pipeline!r}, but the file is {path.name!r}; give both the same name",
        )
    places: dict[KeyPath, str] = {("source", "uri"): spec.source.uri}
    if spec.release and spec.release.batch:
        places["release", "batch", "uri"] = spec.release.batch.uri
    for key, uri in places.items():
        try:
            check_source_uri(uri, project)
        except ValueError as error:
            yield key, str(error)


def _refusal(document: Document, problems: Iterable[Problem]) -> SpecError:
    lines = sorted(
        (document.line(path), f"{dotted(path)}: {message}" if path else message) for path, message in problems
    )
    # A regular expression's own error may span lines; here each problem is one.
    shown = (f"{document.file}:{line}: {' '.join(text.split())}" for line, text in lines)
    return SpecError("\n".join(shown))


def _digest(spec: PipelineSpec) -> str:
    canonical = json.dumps(spec.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
