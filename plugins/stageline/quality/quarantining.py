"""Which failures are about single rows, and how the verdict reads once these rows are left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stageline.quality.checks import EXPECTATION
from stageline.quality.wording import are, as_percent
from stageline.spec.models import Expectation
from stageline.verdicts import Check, Report, Severity, Verdict

SHARE = "SL-Q006"
CONSERVED = "SL-Q007"


@dataclass(frozen=True)
class RowCount:
    """How many rows came in and where they went.

    :param rows_in: Rows of the source, lines that are no rows, and rows a person let in again.
    :param passed: Rows the run goes on with, counted by themselves.
    :param quarantined: Rows that were put aside, counted by themselves.
    :param readmitted: Rows among the passed that failed, but that a person let in.
    """

    rows_in: int
    passed: int
    quarantined: int
    readmitted: int = 0


def failed_by_rows(report: Report, expectations: Sequence[Expectation]) -> dict[str, Expectation]:
    """Return the critical expectations that single rows failed, by the name of their check.

    :param expectations: The report's, in its order.
    """
    about_expectations = report.checks[len(report.checks) - len(expectations) :]
    return {
        check.name: expectation
        for check, expectation in zip(about_expectations, expectations, strict=True)
        if check.verdict is Verdict.FAILED
        and check.severity is Severity.CRITICAL
        and check.code == EXPECTATION
        and check.details.get("unexpected_count")
    }


@dataclass(frozen=True)
class Handled:
    """What became of the rows that failed one check.

    :param left_out: Rows in quarantine.
    :param let_in: Rows that a person let in again.
    """

    left_out: int
    let_in: int = 0


def settle(report: Report, count: RowCount, handled: Mapping[str, Handled], *, max_quarantined: float) -> Report:
    """Return the report with what quarantine did to its verdict.

    As long as no more than the allowed share was left out, what failed by single rows alone warns. What is
    about the table as a whole keeps its verdict: it was judged on the table as it came, so that a further
    failure can never improve the conclusion.

    :param handled: What became of the rows that failed a check, by the check's name.
    :param max_quarantined: Largest share of rows that may be left out, 0 to 1.
    """
    allowed = count.quarantined <= max_quarantined * count.rows_in and count.passed > 0
    checks = [_settled(check, handled.get(check.name), allowed=allowed) for check in report.checks]
    checks += [_share(count, max_quarantined, allowed=allowed)] if count.quarantined or count.readmitted else []
    return Report(step=report.step, checks=tuple(checks), evidence=report.evidence, mode=report.mode)


def _settled(check: Check, rows: Handled | None, *, allowed: bool) -> Check:
    if rows is None or not rows.left_out + rows.let_in:
        return check
    told = [f"{rows.left_out:,} row{'s' if rows.left_out > 1 else ''} left out"] if rows.left_out else []
    told += [f"{rows.let_in:,} let in again"] if rows.let_in else []
    return check.model_copy(
        update={
            "verdict": Verdict.WARNED if allowed else check.verdict,
            "message": f"{check.message}; {', '.join(told)}",
        }
    )


def _share(count: RowCount, max_quarantined: float, *, allowed: bool) -> Check:
    share = 100 * count.quarantined / count.rows_in
    sentence = (
        f"{count.quarantined:,} of {count.rows_in:,} rows ({as_percent(share)}) {are(count.quarantined)} quarantined"
    )
    sentence += f", {count.readmitted:,} let in again" if count.readmitted else ""
    sentence += f"; max_quarantined = {max_quarantined:g}"
    if not allowed:
        sentence += ": mend the source, let rows in again with `stageline quarantine`, or allow more"
    verdict = Verdict.FAILED if not allowed else Verdict.WARNED if count.quarantined else Verdict.PASSED
    return Check(
        code=SHARE, name="quarantined", verdict=verdict, message=sentence,
        value=share, limit=100 * max_quarantined, n=count.rows_in,
    )  # fmt: skip


def rows_conserved(count: RowCount) -> Check:
    """Compare the rows that came in with those that passed and those in quarantine, each counted by itself."""
    total = count.passed + count.quarantined
    return Check(
        code=CONSERVED, name="rows_conserved", n=count.rows_in, value=total, limit=count.rows_in,
        verdict=Verdict.PASSED if total == count.rows_in else Verdict.ERRORED,
        message=f"{count.rows_in:,} rows in = {count.passed:,} passed + {count.quarantined:,} quarantined"
        if total == count.rows_in
        else f"{count.rows_in:,} rows in, but {count.passed:,} passed + {count.quarantined:,} quarantined = {total:,}",
    )  # fmt: skip
