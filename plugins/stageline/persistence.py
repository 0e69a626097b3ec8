"""Raise a warning that stays: one bad run is watched, the same again within a few runs is a failure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from stageline.verdicts import Check, Severity, Verdict

_NAME_LENGTH = 200
_INSIDE = "inside"

Identity = tuple[str, str]


class EarlierRun(NamedTuple):
    """What an earlier run concluded, as its record has it.

    :param at: When it looked at the data, with a time zone.
    :param run_id: The DAG run: of several looks in one run only the newest counts. Empty: a run of its own.
    :param checks: The report's checks: `code`, `name`, `verdict`, `severity`, `message` and more.
    """

    at: datetime
    run_id: str
    checks: Sequence[Mapping[str, Any]]


_Earlier = EarlierRun | tuple[datetime, str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Persistence:
    """When a warning that stays is a failure.

    :param k: Number of runs that have to warn, this one among them.
    :param n: Number of runs looked at, this one among them.
    :param code: Code of such a failure.
    :param subject: Says of a check what it is that warned.
    :param undecided_warns: Whether an inconclusive check of severity warning is a warning. Where it is not, a run in
        which something was measured but not shown counts as one without; one in which nothing was tells nothing.
    """

    k: int
    n: int
    code: str
    subject: Callable[[Check], str]
    undecided_warns: bool = True

    def tells(self, check: Check) -> bool:
        """Whether a check says that something is good or bad."""
        if check.verdict is Verdict.INCONCLUSIVE and not self.undecided_warns:
            return check.value is not None
        return check.effect in (Verdict.PASSED, Verdict.WARNED, Verdict.FAILED)

    def warns(self, check: Check) -> bool:
        """Whether a check that tells something says that it is bad."""
        undecided = check.verdict is Verdict.INCONCLUSIVE and not self.undecided_warns
        return check.effect is not Verdict.PASSED and not undecided


def check_persistence(
    checks_now: Sequence[Check], earlier: Sequence[_Earlier], rule: Persistence, *, run_id: str = ""
) -> list[Check]:
    """Return a critical failure for each warning of this run that was there in at least k of the last n runs.

    A check is the same if code and name are the same. An earlier run in which it warned or failed counts against
    it, one in which it passed for it. A run that does not tell is left out, and the next older one looked at: it
    errored or was inconclusive, its source was refused, or the check was not yet declared. So an outage between two
    warnings does not part them. One check may tell of others of its code that passed, by their names in
    `details["inside"]`.

    More warnings in the earlier runs never make fewer failures.

    :param earlier: Runs of the same pipeline before this one; of two looks at the same time the one given first is
        the newer, as the ledger gives its records.
    :param run_id: This DAG run: an earlier look of its own is not counted.
    """
    runs = [(run.at, _answers(run.checks, rule)) for run in _newest_first(earlier, run_id)]
    persistent = []
    for check in checks_now:
        if check.effect is not Verdict.WARNED or not rule.warns(check):
            continue
        told = [(at, answers[_identity(check)]) for at, answers in runs if _identity(check) in answers][: rule.n - 1]
        warned = [at for at, bad in told if bad]
        if len(warned) + 1 >= rule.k:
            persistent.append(_persistent(check, warned, len(told) + 1, rule))
    return persistent


def _persistent(check: Check, warned: Sequence[datetime], looked: int, rule: Persistence) -> Check:
    count = len(warned) + 1
    runs = "this run" if looked == 1 else f"{count} of the last {looked} runs"
    since = f"; first on {min(warned):%Y-%m-%d}" if warned else ""
    return Check(
        code=rule.code,
        name=f"persistent({check.name})",
        verdict=Verdict.FAILED,
        severity=Severity.CRITICAL,
        message=f"{rule.subject(check)} in {runs} (persist: k = {rule.k}, n = {rule.n}){since}",
        value=count,
        limit=rule.k,
        n=looked,
        details={"code": check.code, "name": check.name, "warned": [at.isoformat() for at in sorted(warned)]},
    )


def _newest_first(earlier: Sequence[_Earlier], run_id: str) -> list[EarlierRun]:
    runs: list[EarlierRun] = []
    seen = {run_id}
    for run in sorted((EarlierRun(*run) for run in earlier), key=lambda run: run.at, reverse=True):
        if not run.run_id or run.run_id not in seen:
            runs.append(run)
            seen.add(run.run_id)
    return runs


def _answers(checks: Sequence[Mapping[str, Any]], rule: Persistence) -> dict[Identity, bool]:
    """Return for each check that tells something whether it warned or failed."""
    answers: dict[Identity, bool] = {}
    for given in checks:
        check = _read(given)
        if check is None:
            continue
        inside = check.details.get(_INSIDE)
        for name in inside if isinstance(inside, Sequence) else ():
            answers.setdefault((check.code, str(name)), False)
        if rule.tells(check):
            answers[_identity(check)] = answers.get(_identity(check), False) or rule.warns(check)
    return answers


def _read(given: Mapping[str, Any]) -> Check | None:
    parts = ("code", "name", "verdict", "severity", "message", "value", "details")
    try:
        # Only what is needed: a record of another version may have more.
        return Check.model_validate({part: given[part] for part in parts if part in given})
    except ValidationError:
        return None


def _identity(check: Check) -> Identity:
    return check.code, check.name


def short_name(check: Check) -> str:
    """Return a check's name on one line, at most 200 characters of it."""
    name = check.name
    line = name if name.isprintable() else " ".join(name.split())
    return line if len(line) <= _NAME_LENGTH else f"{line[: _NAME_LENGTH - 1]}…"
