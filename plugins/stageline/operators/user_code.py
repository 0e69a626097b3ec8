"""What code a user wrote, as a digest, and what to call it."""

import functools
import hashlib
import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

_SHIPPED = ("stageline", "airflow", "builtins", "abc", "typing", "functools")
# Airflow loads a DAG file under a name that holds a hash of its path.
_DAG_FILE_PREFIX = re.compile(r"^unusual_prefix_[0-9a-f]{40}_")
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def code_of(thing: Any) -> str:
    """Return a digest of the files in which a user wrote an operator class or a function; empty for none.

    What Stageline and Airflow ship does not count: their versions are recorded with every step. The
    arguments of a `functools.partial` and the fields of a callable object count too.
    """
    texts = list(_texts(thing))
    return digest_of("\0".join(texts)) if texts else ""


def code_name(function: Any) -> str:
    """Return a function's import path, as its author knows it."""
    while isinstance(function, functools.partial):
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{_DAG_FILE_PREFIX.sub('', named.__module__)}.{named.__qualname__}"


def digest_of(text: str) -> str:
    """Return 32 hexadecimal digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _texts(thing: Any) -> Iterator[str]:
    if isinstance(thing, functools.partial):
        yield _ADDRESS.sub("", repr((thing.args, sorted(thing.keywords.items()))))
        yield from _texts(thing.func)
        return
    if not hasattr(thing, "__mro__") and not inspect.isroutine(thing):
        yield _ADDRESS.sub("", repr(sorted(getattr(thing, "__dict__", {}).items())))
        thing = type(thing)
    for part in getattr(thing, "__mro__", (inspect.unwrap(thing),)):
        if part.__module__.split(".")[0] not in _SHIPPED:
            with suppress(OSError, TypeError):
                yield Path(inspect.getfile(part)).read_text("utf-8", "surrogateescape")
