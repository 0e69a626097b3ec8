"""Findings as checks of a report: a code for what was looked at, and a sentence that quotes its numbers."""

from collections.abc import Sequence

from stageline.monitoring.distance import CONFIDENCE, Distance
from stageline.monitoring.drift import Finding
from stageline.monitoring.signals import DISTRIBUTION, MISSING, NEW, OUTSIDE
from stageline.persistence import Persistence, short_name
from stageline.verdicts import Check, Severity, Verdict

TRAFFIC, PERSISTENT = "SL-M008", "SL-M009"
_BY_KIND = {DISTRIBUTION: "SL-M001", MISSING: "SL-M002", OUTSIDE: "SL-M003", NEW: "SL-M004"}
_BY_ROLE = {"prediction": "SL-M005", "confidence": "SL-M006", "reconstruction": "SL-M007"}
# A share is told as a share of rows.
_WORDS = {
    MISSING: "without a usable value",
    OUTSIDE: "outside of the reference's range",
    NEW: "of a category that the reference never held",
}
_SHOWN = 5
_SHARE_NAMES = {MISSING: "missing", OUTSIDE: "outside", NEW: "new_categories"}


def drift_checks(
    findings: Sequence[Finding], severity: Severity = Severity.CRITICAL, *, undecided: Severity | None = None
) -> tuple[Check, ...]:
    """Return a check for each finding, in the order in which they are worth reading: alarms first, then by size.

    :param severity: Of what has moved.
    :param undecided: Of what has not, and of what cannot be decided; none: the same.
    """
    order = {Verdict.FAILED: 0, Verdict.INCONCLUSIVE: 1}
    ranked = sorted(findings, key=lambda each: (order.get(each.verdict, 2), -_relative(each)))
    return tuple(_check(each, severity if each.verdict is Verdict.FAILED else undecided or severity) for each in ranked)


def drift_sentence(findings: Sequence[Finding], rows: int, scored: int | None = None) -> str:
    """Return what a window's findings come to, for a person.

    :param scored: Predictions that were made of the rows; none: nobody asks for any.
    """
    return f"{_come_to(findings, rows)}{'; nobody scored them' if scored == 0 else ''}"


def _come_to(findings: Sequence[Finding], rows: int) -> str:
    findings = [each for each in findings if each.weight]
    failed = [each for each in findings if each.verdict is Verdict.FAILED]
    columns = list(dict.fromkeys(each.column for each in failed))
    looked = len({each.column for each in findings})
    if failed:
        worst = max(failed, key=_relative)
        others = [column for column in columns if column != worst.column]
        beside = f"; also {', '.join(others[:_SHOWN])}{', …' if len(others) > _SHOWN else ''}" if others else ""
        return f"{len(columns)} of {looked} columns have moved ({rows:,} rows): {_message(worst)}{beside}"
    undecided = {each.column for each in findings if each.verdict is Verdict.INCONCLUSIVE}
    left = f"; {len(undecided)} cannot be decided" if undecided else ""
    return f"none of {looked} columns has moved ({rows:,} rows){left}"


def mostly_decided(findings: Sequence[Finding]) -> bool:
    """Whether something is known of at least half of what the model uses."""
    open_ = [each.verdict is Verdict.INCONCLUSIVE for each in findings if each.weight]
    return 2 * sum(open_) <= len(open_)


def drift_persistence(k: int, n: int) -> Persistence:
    """Return the rule that a finding in k of the last n windows is a failure."""
    return Persistence(
        k, n, PERSISTENT, lambda check: f"{short_name(check)} was above its limit", undecided_warns=False
    )


def traffic_check(rows: int, where: str, least: int) -> Check:
    """Tell whether there was anything to look at.

    :param where: What was looked at, in words.
    :param least: Rows below which nothing is decided.
    """
    if 0 < rows < least:
        return Check(
            code=TRAFFIC, name="traffic", verdict=Verdict.INCONCLUSIVE, n=rows,
            message=f"{rows:,} rows in {where}, at least {least:,} are needed: nothing can be told",
        )  # fmt: skip
    if rows:
        return Check(code=TRAFFIC, name="traffic", verdict=Verdict.PASSED, n=rows, message=f"{rows:,} rows in {where}")
    return Check(
        code=TRAFFIC, name="traffic", verdict=Verdict.INCONCLUSIVE, n=0, message=f"no rows in {where}: nothing is known"
    )


def _check(finding: Finding, severity: Severity) -> Check:
    apart = finding.distance
    return Check(
        code=_BY_ROLE.get(finding.role, _BY_KIND[finding.kind])
        if finding.kind == DISTRIBUTION
        else _BY_KIND[finding.kind],
        name=f"{_measured(finding)}({finding.column})",
        verdict=finding.verdict,
        message=_message(finding),
        severity=severity if finding.weight else Severity.INFO,
        value=None if apart is None else apart.value,
        limit=finding.limit,
        n=finding.n,
        details={
            "column": finding.column,
            "kind": finding.kind,
            "low": None if apart is None else apart.low,
            "high": None if apart is None else apart.high,
            "ordinary": finding.ordinary,
            "season": list(finding.season),
            "covered": finding.covered,
        },
    )


def _message(finding: Finding) -> str:
    name, apart = f"{_measured(finding)}({finding.column})", finding.distance
    rows = f"n = {finding.n:,}"
    if apart is None:
        return f"{name} cannot be said: {finding.why or 'there is no value'} ({rows})"
    limit = f"ordinary up to {finding.limit:.3g}" if finding.ordinary == finding.limit else f"limit {finding.limit:.3g}"
    season = f", against {' and '.join(finding.season)}" if finding.season else ""
    told = f"{name} = {_bounded(apart)}{_of_what(finding)}, {limit} ({rows}{season})"
    moved = finding.moved if finding.verdict is not Verdict.PASSED else ""
    said = "; ".join(words for words in (moved, finding.why) if words)
    return f"{told}: {said}" if said else told


def _of_what(finding: Finding) -> str:
    words = _WORDS.get(finding.kind)
    return f" more or fewer rows {words}" if words else ""


def _measured(finding: Finding) -> str:
    return _SHARE_NAMES.get(finding.kind, finding.measure)


def _bounded(apart: Distance) -> str:
    return f"{apart.value:.3g} ({CONFIDENCE:.0%} bounds {apart.low:.3g} to {apart.high:.3g})"


def _relative(finding: Finding) -> float:
    return 0.0 if finding.distance is None else finding.distance.value / finding.limit
