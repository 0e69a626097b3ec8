"""What `stageline init` writes: a spec, and in a new project what makes it run."""

import re
import shutil
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

from stageline.exceptions import ScaffoldError, SpecError
from stageline.onboarding.all_or_nothing import write_all
from stageline.onboarding.data_place import file_digest, find_place
from stageline.spec.loading import FOLDER
from stageline.spec.schema import DEFAULT_PATH, write_schema

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST = 63
_DAG_FILE = Path("dags", "stageline_dags.py")


def check_name(name: str) -> None:
    """Refuse what cannot be a pipeline's name.

    :raises SpecError: With a name that could be meant.
    """
    if _NAME.fullmatch(name):
        return
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_").lstrip("0123456789_")[:_LONGEST]
    raise SpecError(
        f"{name!r} cannot be a pipeline's name: it begins with a lower-case letter and has at most "
        f"{_LONGEST} lower-case letters, digits and underscores; try {plain or 'my_pipeline'!r}"
    )


def spec_path(project: Path, name: str) -> Path:
    """Return where the spec of a new pipeline goes.

    :raises SpecError: The name is not allowed.
    :raises ScaffoldError: The pipeline exists already.
    """
    check_name(name)
    path = project / FOLDER / f"{name}.yaml"
    if path.exists() or path.is_symlink():
        raise ScaffoldError(
            f"{str(path)!r} exists already; choose another name, edit the file, or delete it to begin anew"
        )
    return path


def place_data(project: Path, file: Path) -> str:
    """Make a data file part of the project and return its uri.

    A file inside the project stays where it is; one outside is copied to `data/`.

    :raises SourceError: There is no such file, or its name cannot stand in a spec.
    :raises ScaffoldError: It is too large to be copied, or another file has its place.
    """
    place = find_place(project, file)
    if place.copy_to is not None:
        write_all({place.copy_to: partial(_copy, file, None)})
    return place.uri


def lay_down(
    project: Path, name: str, spec_text: str, *, data: Path | None, data_digest: str | None = None
) -> tuple[Path, ...]:
    """Write the spec, and what a project lacks: the schema, the DAG file, a .gitignore.

    :param data: A data file to bring into the project; None if there is none, or it is there already.
    :param data_digest: `sha256:…` that the copied data must have, if it is known.
    :returns: The files that were written; where one could not be, none was.
    :raises ScaffoldError: The pipeline exists already, or a file cannot be written.
    """
    writers: dict[Path, Callable[[Path], object]] = {
        spec_path(project, name): partial(_write_text, spec_text),
    }
    if data is not None and (place := find_place(project, data).copy_to) is not None:
        writers[place] = partial(_copy, data, data_digest)
    wanted: dict[Path, Callable[[Path], object]] = {
        DEFAULT_PATH: write_schema,
        _DAG_FILE: partial(_write_text, _dag_file()),
        Path(".gitignore"): partial(_write_text, ".airflow/\n"),
    }
    writers |= {project / path: write for path, write in wanted.items() if not (project / path).exists()}
    return write_all(writers)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _copy(file: Path, digest: str | None, path: Path) -> None:
    shutil.copyfile(file, path)
    if digest is not None and file_digest(path) != digest:
        raise ScaffoldError(f"{str(file)!r} changed while it was read; try again when nobody writes to it")


def _dag_file() -> str:
    return files("stageline.onboarding").joinpath("stageline_dags.py.txt").read_text(encoding="utf-8")
