"""Who stands behind a step or a word, and why: a name and a reason that a person can read."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from stageline.exceptions import SpecError

# Letters, numbers, punctuation, symbols: what ink is spent on.
_VISIBLE = frozenset("LNPS")
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Scripts and emoji join letters by these; every other format character only hides or reorders.
_JOINERS = frozenset("\u200c\u200d")
_LEAST_NOTE = 3


@dataclass(frozen=True)
class Signed:
    """Who wants a step, and why; kept as one line each, without controls and hidden characters.

    :param actor: Who runs the command, as the machine knows them.
    :raises SpecError: Nobody is named, or nothing is said.
    """

    by: str
    reason: str
    actor: str

    def __post_init__(self) -> None:
        given_by, given_reason = self.by, self.reason
        for name in ("by", "reason", "actor"):
            object.__setattr__(self, name, one_line(getattr(self, name)))
        if not _visible(self.by):
            raise SpecError(f"--by is {given_by!r}; it is signed: say who answers for it")
        if _visible(self.reason) < _LEAST_NOTE:
            raise SpecError(f"the reason is {given_reason!r}; say in words why, or what was found")


def one_line(text: str) -> str:
    """Return a text on one line, without control characters and without those that hide or reorder others."""
    kept = (" " if unicodedata.category(each) in _BREAKING else each for each in text if not _hides(each))
    return " ".join("".join(kept).split())


def as_named(by: str, names: Iterable[str]) -> str | None:
    """Return the name that a person signed with as the file has it; none where the file does not name them."""
    return next((name for name in names if one_line(name) == by), None)


def _hides(character: str) -> bool:
    return unicodedata.category(character) == "Cf" and character not in _JOINERS


def _visible(text: str) -> int:
    return sum(unicodedata.category(each)[0] in _VISIBLE for each in text)
