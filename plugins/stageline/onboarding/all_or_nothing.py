"""Files that appear together or not at all, and never in place of another."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

from stageline.exceptions import ScaffoldError


def write_all(writers: Mapping[Path, Callable[[Path], object]]) -> tuple[Path, ...]:
    """Write new files; where one fails, none of them and no new folder is left behind.

    Each is written under another name beside its place first. A hard link then gives it its own name, which
    fails where a file of that name has appeared meanwhile; renaming would replace it.

    :param writers: Where a file goes → what writes it to the path it is given.
    :raises ScaffoldError: A file exists already or cannot be written.
    """
    with ExitStack() as undo, ExitStack() as temporary:
        staged: dict[Path, Path] = {}
        for place, write in writers.items():
            try:
                _make_folder(place.parent, undo)
                staged[place] = place.with_name(f".stageline-{uuid4().hex}.tmp")
                temporary.callback(_remove, staged[place].unlink)
                write(staged[place])
            except OSError as error:
                raise ScaffoldError(f"{str(place)!r} cannot be written: {error.strerror or error}") from error
        for place, written in staged.items():
            try:
                _publish(written, place)
            except FileExistsError:
                raise ScaffoldError(f"{str(place)!r} exists already; nothing was written") from None
            except OSError as error:
                raise ScaffoldError(f"{str(place)!r} cannot be written: {error.strerror or error}") from error
            undo.callback(_remove, place.unlink)
        undo.pop_all()
    return tuple(staged)


def _make_folder(folder: Path, undo: ExitStack) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(exist_ok=True)
        undo.callback(_remove, parent.rmdir)


def _remove(removal: Callable[[], None]) -> None:
    # It may be gone, or someone else may have filled the folder: neither may hide why there is an undoing.
    with suppress(OSError):
        removal()


def _publish(written: Path, place: Path) -> None:
    try:
        os.link(written, place)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: look, then rename.
        if place.exists():
            raise FileExistsError(str(place)) from None
        written.rename(place)
