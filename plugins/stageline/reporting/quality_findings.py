"""A recorded check as the data-quality page tells it: without values of private columns."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from stageline.verdicts import Check, Report, Severity, Verdict

WITHHELD = "no value is shown: the column is private"
MOST_EXAMPLES = 10

# Arguments of an expectation that name columns.
_SINGLE = ("column", "column_A", "column_B")
# Details of checks whose own value is a count or a share of rows: it tells nothing about a value.
_COUNTS = ("unexpected_count", "infinite_count")
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning: never stops the pipeline",
    Severity.INFO: "info: never counts",
}


@dataclass(frozen=True)
class Finding:
    """One check, in words.

    :param name: What was checked, without the column that it stands under.
    :param severity: How much it weighs, in words.
    :param examples: Unexpected values, as text; none of a private column.
    :param n: Rows or values it rests on.
    :param private: Whether values were withheld.
    """

    verdict: Verdict
    code: str
    name: str
    severity: str
    message: str
    examples: tuple[str, ...]
    n: int | None
    private: bool


@dataclass(frozen=True)
class Findings:
    """The checks of one group, the urgent ones first; those that passed stand apart."""

    open: tuple[Finding, ...] = ()
    passed: tuple[Finding, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that needs attention most; none without a check."""
        first = next(iter((*self.open, *self.passed)), None)
        return first.verdict if first else None


def columns_of(check: Check) -> tuple[str, ...]:
    """Return the columns that a check is about; none where it is about the table."""
    if check.name.startswith("expect_table_"):
        return ()  # its list of columns is what the table is compared with
    given = check.details.get("arguments")
    arguments: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    named = [arguments.get(key) for key in _SINGLE] + [check.details.get("column")]
    listed = arguments.get("column_list")
    named += listed if isinstance(listed, list | tuple) else []
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))


def tell(check: Check, private: Collection[str]) -> Finding:
    """Return the check in words; its column and its examples are not said twice."""
    columns = columns_of(check)
    hidden = not set(private).isdisjoint(columns)
    given = check.details.get("examples")
    examples = [str(one) for one in given] if isinstance(given, list | tuple) else []
    message, name = _message(check, hidden=hidden), check.name
    if examples:
        message = message.replace(f", e.g. {', '.join(examples)}", "", 1)
    if len(columns) == 1:
        message = message.removeprefix(f"{columns[0]}: ")
        name = name.replace(f"({columns[0]})", "", 1)
    passed = check.verdict is Verdict.PASSED
    return Finding(
        verdict=check.verdict,
        code=check.code,
        name=name,
        severity=str(check.severity) if passed or check.verdict is Verdict.ERRORED else _SEVERITIES[check.severity],
        message=message,
        examples=() if hidden else tuple(examples[:MOST_EXAMPLES]),
        n=check.n,
        private=hidden,
    )


def sentence_of(report: Report, private: Collection[str]) -> str:
    """Return the report's sentence; what it quotes of a check on a private column is withheld there too."""
    sentence = report.sentence
    for check in report.checks:
        told = _message(check, hidden=not set(private).isdisjoint(columns_of(check)))
        if told != check.message and check.message:
            sentence = sentence.replace(check.message, told)
    return sentence


def _message(check: Check, *, hidden: bool) -> str:
    """Return the recorded message, unless it may quote values: the record may be older than the privacy."""
    if not (hidden and _may_quote(check)):
        return check.message
    columns, count = ", ".join(columns_of(check)), check.details.get("unexpected_count")
    if isinstance(count, int) and check.n is not None:
        return f"{columns}: {count:,} of {check.n:,} values are unexpected; {WITHHELD}"
    return f"{columns}: {check.verdict}; {WITHHELD}"


def _may_quote(check: Check) -> bool:
    details = check.details
    quoted = details.get("examples") or details.get("observed_value") is not None
    measured = check.value is not None and not any(key in details for key in _COUNTS)
    # An error's words are the engine's own.
    return bool(quoted) or measured or check.verdict is Verdict.ERRORED
