"""The hash chain as pure functions: canonical JSON, a row's digest, and the faults of a chain."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from stageline.exceptions import LedgerError
from stageline.ledger.records import ChainFault

FIRST_PREVIOUS = "0" * 64
MAX_DEPTH = 100


def canonical_json(value: object, name: str = "value") -> str:
    """Return the one JSON text of a value: keys sorted, no whitespace, ASCII only.

    :param name: What an error calls the value, e.g. `evidence`.
    :raises LedgerError: When something in it has no JSON form; the path to it is named.
    """
    return json.dumps(
        plain_json(value, name), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def plain_json(value: object, path: str = "value", depth: int = 0) -> Any:
    """Return a value as plain dicts, lists, strings, numbers, booleans and None.

    :raises LedgerError: When something in it has no JSON form; the path to it is named.
    """
    if depth > MAX_DEPTH:
        raise LedgerError(f"{path[:200]}… is nested deeper than {MAX_DEPTH} levels, or holds itself; make it flatter")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _whole(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise LedgerError(f"{path} is {float(value)}; JSON has finite numbers only, so write null and say why")
        return float(value)
    if isinstance(value, Mapping):
        return {_key(key, path): plain_json(item, f"{path}.{key}", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise LedgerError(
        f"{path} is a {kind}, which has no JSON form; convert it to a string, a number, a list or a mapping"
    )


def row_digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a stored row: of all its values but the digest, as canonical JSON.

    The evidence goes in as the text that is stored, so no byte of it can change unseen.
    """
    # An empty value is left out: a column that a later version adds leaves older digests as they are.
    body = {name: value for name, value in row.items() if name != "digest" and value is not None}
    return sha256(canonical_json(body, "record").encode("ascii")).hexdigest()


def chain_faults(pipeline: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[ChainFault]:
    """Yield every place where a pipeline's chain does not hold.

    A chain whose last records were removed is shorter and still holds: to see that too, compare it with a
    digest kept elsewhere.

    :param rows: The stored rows in order of their position.
    """
    expected, previous = 1, FIRST_PREVIOUS
    for row in rows:
        position = row["position"]
        if type(position) is not int:
            yield ChainFault(
                pipeline=pipeline, position=expected, message=f"position is {position!r}, expected {expected}"
            )
            continue
        yield from (
            ChainFault(pipeline=pipeline, position=place, message=message)
            for place, message in _row_faults(row, position, expected, previous)
        )
        expected, previous = position + 1, row["digest"]


def _row_faults(row: Mapping[str, Any], position: int, expected: int, previous: str) -> Iterator[tuple[int, str]]:
    if position < expected:
        yield position, f"position {position} is there twice, or below 1: the chain forks"
    elif position > expected:
        missing = f"{expected} is" if position == expected + 1 else f"{expected} to {position - 1} are"
        yield expected, f"position {missing} missing"
    elif row["previous_digest"] != previous:
        linked = row["previous_digest"]
        yield position, f"previous_digest is {linked!r}, the record before has {previous!r}: one was edited"
    try:
        digest = row_digest(row)
    except LedgerError as error:
        yield position, f"a value was edited: {error}"
        return
    if digest != row["digest"]:
        yield position, f"a value was edited: digest is {row['digest']!r}, the values give {digest!r}"


def _whole(value: int, path: str) -> int:
    try:
        int.__repr__(value)
    except ValueError as error:
        raise LedgerError(f"{path} is an integer with too many digits; write it as a string") from error
    return int(value)


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise LedgerError(f"{path} has the key {key!r}; JSON keys are strings, so write {str(key)!r}")
    return str.__str__(key)
