"""Where a project keeps a pipeline's data: where it lies already, or copied to `data/`."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from stageline.exceptions import ScaffoldError, SourceError
from stageline.spec.source_path import check_source_uri
from stageline.tables.wording import printable

DATA_FOLDER = "data"
MAX_COPIED_BYTES = 256 * 1024**2
_MIB = 1024**2
_CHUNK = 1 << 20


@dataclass(frozen=True)
class DataPlace:
    """Where a file will be found.

    :param uri: How a spec names it: its path in the project.
    :param copy_to: Where it has to be copied; None if it is there already.
    """

    uri: str
    copy_to: Path | None


def find_place(project: Path, file: Path) -> DataPlace:
    """Return where a data file is, or is to be, inside the project; nothing is written.

    :raises SourceError: There is no such file, or its name cannot stand in a spec.
    :raises ScaffoldError: It is too large to be copied, or another file has its place.
    """
    root, found = project.resolve(), file.resolve()
    if not found.is_file():
        what = "is a folder" if found.is_dir() else "does not exist"
        raise SourceError(f"{str(file)!r} {what}; name a .csv or .parquet file, sklearn://NAME or demo://NAME")
    if found.is_relative_to(root):
        return DataPlace(_uri(found.relative_to(root).as_posix(), root), None)
    size = found.stat().st_size
    if size > MAX_COPIED_BYTES:
        raise ScaffoldError(
            f"{str(file)!r} has {size / _MIB:,.0f} MiB, above the {MAX_COPIED_BYTES // _MIB} MiB that are "
            f"copied into a project; move it under {str(project)!r} yourself "
            "and name it from there"
        )
    uri = _uri(f"{DATA_FOLDER}/{found.name}", root)
    place = root / DATA_FOLDER / found.name
    if not place.exists() and not place.is_symlink():
        return DataPlace(uri, place)
    if not place.is_file() or file_digest(place) != file_digest(found):
        raise ScaffoldError(
            f"{uri!r} exists already and is not the same as {str(file)!r}; rename one of them, or use `--from {uri}`"
        )
    return DataPlace(uri, None)


def file_digest(path: Path) -> str:
    """Return `sha256:…` of a file's bytes, as :func:`stageline.tables.read_source` computes it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return f"sha256:{digest.hexdigest()}"


def _uri(path: str, root: Path) -> str:
    # Without the dot, a name such as `a:b.csv` would be read as a scheme, and `~` as a home folder.
    uri = f"./{path}" if path.startswith("~") or ":" in path.split("/", 1)[0] else path
    try:
        check_source_uri(uri, root)
    except ValueError as error:
        raise SourceError(f"{printable(str(error))}; rename or move the file") from error
    return uri
