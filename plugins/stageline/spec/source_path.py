"""Where a source may be: inside the project's folder, or a data set that comes with a library."""

import re
from pathlib import Path

SCHEMES = ("sklearn", "demo")

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_NAMED = re.compile(r"(sklearn|demo)://[A-Za-z0-9_]+")


def check_source_uri(uri: str, project: Path) -> None:
    """Refuse a source that is neither inside the project nor a known data set; it need not exist yet.

    :param project: The project's root folder.
    :raises ValueError: An unknown scheme, or a path that leaves the project.
    """
    scheme = _SCHEME.match(uri)
    if scheme is None:
        resolve_inside(project, uri)
    elif scheme[1] not in SCHEMES:
        raise ValueError(
            f"{uri!r}: the scheme {scheme[1]!r} is not accepted; "
            "write a path inside the project, sklearn://NAME or demo://NAME"
        )
    elif not _NAMED.fullmatch(uri):
        raise ValueError(f"{uri!r} names no data set; write {scheme[1]}://NAME")


def resolve_inside(project: Path, path: str) -> Path:
    """Return the absolute path of a file of the project, with symbolic links followed.

    Call it again right before the file is read: a link may have changed since the spec was loaded.

    :param project: The project's root folder.
    :param path: Path relative to it.
    :raises ValueError: The path leaves the project.
    """
    if not path.isprintable() or "\\" in path:
        raise ValueError(f"{path!r} is not a plain path; write it with / and without control characters")
    if path.startswith(("/", "~")):
        raise ValueError(f"{path!r} is not relative; put the file under the project folder and name it from there")
    try:
        root = project.resolve()
        resolved = (root / path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError up to Python 3.12
        raise ValueError(f"{path!r} cannot be followed ({error}); put the file under the project folder") from error
    if not resolved.is_relative_to(root):
        raise ValueError(f"{path!r} leaves the project; put the file under the project folder")
    return resolved
