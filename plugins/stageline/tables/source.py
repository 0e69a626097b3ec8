"""One way to read a source, whatever its place: the bytes that are digested are the bytes that are parsed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.spec.source_path import resolve_inside
from stageline.tables.csv_bytes import parse_csv
from stageline.tables.parquet_bytes import parse_parquet
from stageline.tables.parsed_file import ParsedFile, RejectedLine

if TYPE_CHECKING:
    import pyarrow as pa

_FORMATS: dict[str, Callable[[bytes, str], ParsedFile]] = {".csv": parse_csv, ".parquet": parse_parquet}
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class SourceTable:
    """A source as it was at one moment.

    :param table: Its rows.
    :param digest: `sha256:…` of the file's bytes, or of the content where there is no file.
    :param size_bytes: Size of the file, or of the table in memory.
    :param rejected: Lines of the file that are no rows of the table.
    """

    uri: str
    table: "pa.Table"
    digest: str
    size_bytes: int
    rejected: tuple[RejectedLine, ...] = ()


def read_source(uri: str, project: Path) -> SourceTable:
    """Read a source whole.

    :param uri: Path inside the project, `sklearn://NAME` or `demo://NAME`.
    :param project: Root folder of the project; a path may not leave it.
    :raises SourceError: The source is missing, unreadable, empty or outside the project.
    """
    scheme, separator, name = uri.partition("://")
    if not separator:
        return _read_file(uri, project)
    readers = {"sklearn": _read_sklearn, "demo": _read_demo}
    if scheme not in readers:
        raise SourceError(
            f"{uri!r}: unknown scheme {scheme!r}; use a path inside the project, "
            f"{', '.join(f'{known}://NAME' for known in readers)}"
        )
    return _from_memory(uri, readers[scheme](name))


def _read_file(uri: str, project: Path) -> SourceTable:
    try:
        # Asked again after the spec was loaded: a link may lead elsewhere by now.
        path = resolve_inside(project, uri)
    except ValueError as error:
        raise SourceError(str(error)) from error
    parse = _FORMATS.get(path.suffix.lower())
    if parse is None:
        raise SourceError(f"{uri!r}: unknown file type {path.suffix!r}; known: {', '.join(sorted(_FORMATS))}")
    try:
        if path.exists() and not path.is_file():
            raise SourceError(f"{uri!r}: is a folder or a device, not a file; name one file")
        before = path.stat()
        data = path.read_bytes()
        after = path.stat()
    except FileNotFoundError:
        raise SourceError(f"{uri!r}: there is no such file under {str(project)!r}") from None
    except OSError as error:
        raise SourceError(f"{uri!r}: cannot be read: {error.strerror}") from error
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(data) != after.st_size:
        raise SourceError(
            f"{uri!r}: changed while it was read ({before.st_size:,} bytes, then {after.st_size:,}); "
            "write it elsewhere and move it into place, then run again"
        )
    if not data:
        raise SourceError(f"{uri!r}: the file is empty (0 bytes); expected column names and rows")
    parsed = parse(data, uri)
    table = parsed.table
    if table.num_rows == 0:
        names = table.column_names
        shown = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
        raise SourceError(f"{uri!r}: has column names ({shown}) but no rows")
    return SourceTable(uri, table, f"sha256:{hashlib.sha256(data).hexdigest()}", len(data), parsed.rejected)


def _from_memory(uri: str, table: "pa.Table") -> SourceTable:
    from stageline.tables.digest import digest_table

    return SourceTable(uri, table, digest_table(table), table.nbytes)


def _read_sklearn(name: str) -> "pa.Table":
    import pyarrow as pa
    from sklearn import datasets

    loaders = {
        "breast_cancer": datasets.load_breast_cancer,
        "diabetes": datasets.load_diabetes,
        "iris": datasets.load_iris,
        "wine": datasets.load_wine,
    }
    if name not in loaders:
        raise SourceError(f"'sklearn://{name}': unknown dataset; known: {', '.join(sorted(loaders))}")
    bunch = loaders[name](as_frame=True)
    frame = bunch.frame
    if hasattr(bunch, "target_names"):
        frame["target"] = [str(bunch.target_names[code]) for code in frame["target"]]
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def _read_demo(name: str) -> "pa.Table":
    import pyarrow as pa

    from stageline.demo import read_demo

    return pa.Table.from_pandas(read_demo(name), preserve_index=False).replace_schema_metadata(None)
