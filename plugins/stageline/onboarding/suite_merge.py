"""The suite a pipeline has and the one its data propose, side by side: what stays, what changes, what is new."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageline.onboarding.suite_text import entry_line
from stageline.quality import ProposedExpectation
from stageline.spec.models import Expectation
from stageline.verdicts import Severity

KEPT = "yours: the data do not propose it, so it is kept"

# What Great Expectations takes an argument for that is left out.
_DEFAULTS: Mapping[str, Any] = {
    "exact_match": True, "mostly": 1, "or_equal": False, "strict_max": False, "strict_min": False,
}  # fmt: skip
_REMARKS = frozenset({"description", "notes"})
_SUBJECTS = ("column", "column_A", "column_B")
_FIRST = (*_SUBJECTS, "column_list", "column_set", "value_set", "regex", "min_value", "max_value")
_UNORDERED = frozenset({"column_set", "value_set", "type_list"})
_ORDERED_COLUMNS = "expect_table_columns_to_match_ordered_list"


@dataclass(frozen=True)
class SuiteEntry:
    """An expectation of the suite as it would be.

    :param support: What in the data it rests on, or that it is kept.
    :param before: The expectation as it stands now; none if it is new.
    :param kept: Whether it stands there although the data do not propose it.
    """

    expectation: Expectation
    support: str
    before: Expectation | None = None
    kept: bool = False

    @property
    def changed(self) -> bool:
        """Whether it stands now with other arguments."""
        return self.before is not None and _meaning(self.before) != _meaning(self.expectation)


def merge(present: Sequence[Expectation], proposed: Iterable[ProposedExpectation]) -> list[SuiteEntry]:
    """Return the proposed suite, in its order, and after it what else the present one holds.

    A person's severity and remarks are kept: the data know numbers, not how much they matter. A critical
    expectation is a limit that somebody set; the usual range, which only warns, comes beside it, not in its place.
    """
    left = [*present]
    wanted = [*proposed]
    # Those that agree are paired first: a column may have several ranges.
    pairs: dict[int, Expectation] = {}
    for agrees in (_says_the_same, _may_become):
        for place, item in enumerate(wanted):
            found = None if place in pairs else next((one for one in left if agrees(one, item.expectation)), None)
            if found is not None:
                pairs[place] = found
                left = [one for one in left if one is not found]
    entries = [_entry(item, pairs.get(place)) for place, item in enumerate(wanted)]
    return [*entries, *(SuiteEntry(one, KEPT, before=one, kept=True) for one in left)]


def diff(entries: Sequence[SuiteEntry]) -> str:
    """Return what would change as a unified diff, an expectation a line; empty if nothing would.

    Those that stay as they are do not show, but for the kept ones, which a removal would otherwise be taken for.
    """
    changed = [entry for entry in entries if entry.changed]
    new = [entry for entry in entries if entry.before is None]
    kept = [entry for entry in entries if entry.kept]
    if not changed and not new:
        return ""
    lines = [
        "--- quality, as it is",
        "+++ quality, as the data propose it",
        f"@@ -1,{len(changed) + len(kept)} +1,{len(changed) + len(new) + len(kept)} @@",
    ]
    for entry in changed:
        lines += [f"-{_line(entry.before or entry.expectation)}", f"+{_line(entry.expectation)}"]
    lines += [f"+{_line(entry.expectation)}" for entry in new]
    lines += [f" {_line(entry.expectation)}  # {KEPT}" for entry in kept]
    return "\n".join(lines) + "\n"


def _entry(item: ProposedExpectation, before: Expectation | None) -> SuiteEntry:
    if before is None:
        return SuiteEntry(item.expectation, item.support)
    if _says_the_same(before, item.expectation):
        return SuiteEntry(before, item.support, before=before)
    remarks = {name: value for name, value in before.arguments.items() if name in _REMARKS}
    arguments = {**item.expectation.arguments, **remarks}
    changed = Expectation(type=before.type, severity=before.severity, **arguments)
    return SuiteEntry(changed, item.support, before=before)


def _says_the_same(present: Expectation, proposed: Expectation) -> bool:
    return _meaning(present) == _meaning(proposed)


def _may_become(present: Expectation, proposed: Expectation) -> bool:
    limit = present.severity is Severity.CRITICAL and proposed.severity is not Severity.CRITICAL
    return not limit and _subject(present) == _subject(proposed)


def _subject(expectation: Expectation) -> str:
    """Return what an expectation is about: with other arguments, it is the same expectation changed."""
    given = expectation.arguments
    about: list[Any] = [given.get(name) for name in _SUBJECTS]
    if expectation.type != _ORDERED_COLUMNS:
        about.append(sorted(map(str, given.get("column_list", ()))))
    return json.dumps([expectation.type, *about, given.get("exact_match", True)])


def _meaning(expectation: Expectation) -> str:
    return json.dumps([expectation.type, _normal(expectation)], sort_keys=True)


def _normal(expectation: Expectation) -> dict[str, Any]:
    """Return the arguments without remarks and defaults, numbers and sets written in one way."""
    normal = {}
    for name, value in expectation.arguments.items():
        is_set = name in _UNORDERED or (name == "column_list" and expectation.type != _ORDERED_COLUMNS)
        if name in _REMARKS or value is None or (name in _DEFAULTS and value == _DEFAULTS[name]):
            continue
        normal[name] = sorted(map(_plain, value), key=json.dumps) if is_set else _plain(value)
    return normal


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _line(expectation: Expectation) -> str:
    normal = _normal(expectation)
    first = [name for name in _FIRST if name in normal]
    ordered = {name: normal[name] for name in [*first, *sorted(normal.keys() - set(first))]}
    return entry_line({"type": expectation.type, **ordered, "severity": expectation.severity.value})
