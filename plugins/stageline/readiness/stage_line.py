"""The one line of a pipeline's file that says its stage, and how it is changed: everything else stays as it is."""

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stageline.exceptions import SpecError
from stageline.spec import Stage
from stageline.spec.strict_yaml import parse_yaml

_LINE = re.compile(
    rb"""(?P<key>["']?stage["']?[ \t]*:[ \t]+)(?P<quote>["']?)(?P<value>[a-z]+)(?P=quote)(?=[ \t]*(?:\#|$))"""
)


def with_stage(text: bytes, stage: Stage, *, file: str) -> bytes:
    """Return a pipeline's file with another stage; every other byte is as it was.

    :param file: Its name, for errors.
    :raises SpecError: The file does not say its stage as one word on a line of its own.
    """
    document = parse_yaml(text, file=file)
    line, column = document.position(("stage",))
    lines = text.splitlines(keepends=True)
    # PyYAML counts characters, without the mark that some editors put first.
    found = lines[line - 1].rstrip(b"\r\n") if line <= len(lines) else b""
    lead = found[: len(found) - len(found.lstrip(b"\xef\xbb\xbf \t"))]
    match = _LINE.match(found[len(lead) :])
    if match is None or column != 1 + len(lead.removeprefix(b"\xef\xbb\xbf")) or "stage" not in document.value:
        raise SpecError(
            f"{file}:{line}: the stage is not written as 'stage: {document.value.get('stage')}' on a line of its own; "
            f"change it to {stage.value!r} by hand"
        )
    start, end = (len(lead) + place for place in match.span("value"))
    lines[line - 1] = lines[line - 1][:start] + stage.value.encode() + lines[line - 1][end:]
    changed = b"".join(lines)
    if parse_yaml(changed, file=file).value != {**document.value, "stage": stage.value}:
        raise SpecError(f"{file}:{line}: changing the stage here would change more; change it by hand")
    return changed


def read_file(path: Path) -> bytes:
    """Return what a file holds.

    :raises SpecError: It cannot be read.
    """
    with _plain_errors(path, "read"):
        return path.read_bytes()


@contextmanager
def replacing(path: Path, text: bytes, *, before: bytes) -> Iterator[Callable[[], None]]:
    """Write another text beside a file, and give what puts it in the file's place: at once, with its permissions.

    Whatever can fail for want of space or rights fails before that. What was not put in place is removed.

    :param before: What the file held when it was read.
    :raises SpecError: Somebody changed it meanwhile, or it cannot be written.
    """
    target = path.resolve()
    with _plain_errors(path, "written"):
        _require_unchanged(path, target, before)
        found = target.stat()
        if found.st_nlink > 1:
            raise SpecError(f"{str(path)!r} has {found.st_nlink} names (hard links); change the stage by hand")
        if not found.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise SpecError(f"{str(path)!r} is read-only (mode {found.st_mode & 0o777:04o}); make it writable")
        made = _beside(target, text, found.st_mode & 0o7777)

    def put() -> None:
        with _plain_errors(path, "written"):
            if target.read_bytes() != text:
                _require_unchanged(path, target, before)
                made.replace(target)

    try:
        yield put
    finally:
        made.unlink(missing_ok=True)


def _beside(target: Path, text: bytes, mode: int) -> Path:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
        made = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            made.chmod(mode)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    return made


def _require_unchanged(path: Path, target: Path, before: bytes) -> None:
    if target.read_bytes() != before:
        raise SpecError(f"{str(path)!r} was changed meanwhile: look at it, and try again")


@contextmanager
def _plain_errors(path: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpecError(f"{str(path)!r} cannot be {done}: {error.strerror}") from error
