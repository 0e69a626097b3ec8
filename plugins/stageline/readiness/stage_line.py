"""The one line of a pipeline's file that says its stage, and how it is changed: everything else stays as it is."""

import os
import re
import tempfile
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


def replace_file(path: Path, text: bytes, *, before: bytes) -> None:
    """Put another text in the place of a file's, at once and with its permissions.

    :param before: What it held when it was read.
    :raises SpecError: Somebody changed it meanwhile, or it cannot be written.
    """
    target = path.resolve()
    try:
        if target.read_bytes() != before:
            raise SpecError(f"{str(path)!r} was changed meanwhile; nothing was written: try again")
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made = Path(file.name)
        try:
            made.chmod(target.stat().st_mode & 0o7777)
            made.replace(target)
        except OSError:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SpecError(f"{str(path)!r} cannot be written: {error.strerror}") from error
