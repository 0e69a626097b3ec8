"""The shape that texts have in common: runs of digits and letters between the same signs."""

import re
from collections.abc import Sequence

LONGEST = 80
_MOST_RUNS = 20
_FINE = re.compile(r"[0-9]+|[A-Z]+|[a-z]+|[ -~]")
_COARSE = re.compile(r"[0-9A-Za-z]+|[ -~]")
_ASCII = re.compile(r"[ -~]+")
_WORD = re.compile(r"[0-9A-Za-z]+")
_HEXADECIMAL = frozenset("0123456789abcdef")


def find_shape(texts: Sequence[str]) -> str | None:
    """Return an anchored regular expression that all texts match, or None if they have no shape in common.

    Letters that are the same everywhere stand as they are. A number of letters must always be the same, or it is
    prose. A number of digits may grow, unless leading zeros show that it does not.

    :param texts: Different texts of at most 80 characters each.
    """
    if not all(map(_ASCII.fullmatch, texts)):
        return None
    for runs in (_FINE, _COARSE):
        split = [runs.findall(text) for text in texts]
        shape = _shape(split)
        if shape is not None:
            return shape
    return None


def _shape(split: Sequence[list[str]]) -> str | None:
    if any(len(parts) != len(split[0]) for parts in split) or len(split[0]) > _MOST_RUNS:
        return None
    pieces = [_piece(list(parts)) for parts in zip(*split, strict=True)]
    return None if None in pieces else f"^{''.join(piece or '' for piece in pieces)}$"


def _piece(parts: list[str]) -> str | None:
    """Return what stands at one place of all texts, or None if that has nothing in common."""
    different = set(parts)
    if len(different) == 1 and not parts[0].isdigit():
        return "".join(map(_literal, parts[0]))
    if not all(map(_WORD.fullmatch, different)):
        return None
    kinds = _class_of(set("".join(different)))
    lengths = {len(part) for part in different}
    if kinds == "[0-9]":
        padded = len(lengths) == 1 and any(part.startswith("0") for part in different)
        return f"{kinds}{{{lengths.pop()}}}" if padded and lengths != {1} else f"{kinds}+"
    if len(lengths) > 1:
        return None
    return kinds if lengths == {1} else f"{kinds}{{{lengths.pop()}}}"


def _class_of(letters: set[str]) -> str:
    if any(letter.isdigit() for letter in letters) and letters - set("0123456789") and letters <= _HEXADECIMAL:
        return "[0-9a-f]"
    present = {
        "0-9": any(letter.isdigit() for letter in letters),
        "A-Z": any(letter.isupper() for letter in letters),
        "a-z": any(letter.islower() for letter in letters),
    }
    return f"[{''.join(span for span, there in present.items() if there)}]"


def _literal(letter: str) -> str:
    # In brackets where all dialects read that alike: a backslash is harder to read in YAML.
    if letter in r"\[]^":
        return f"\\{letter}"
    return f"[{letter}]" if letter in ".$*+?(){}|" else letter
