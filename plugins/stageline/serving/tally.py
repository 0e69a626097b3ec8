"""Which rows came, and what became of them: counted, named, judged."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from stageline.serving.predictions import Published

NAMED_ROWS = 20


@dataclass
class Tally:
    """Which rows came, and what became of them.

    :param reasons: How many rows were left out, by reason; each row has one.
    :param named: The first of them: reason, position in the source from 0 or line in the file, and keys.
    """

    rows: int = 0
    scored: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    named: list[dict[str, Any]] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return sum(self.reasons.values())


def check_rows(tally: Tally, *, written: int, max_left_out: float, name: str) -> tuple[Check, ...]:
    """Judge whether every row is scored or named, and few enough are left out.

    :param written: Rows that were written.
    :param max_left_out: Largest share of rows that may be left out, 0 to 1.
    :param name: How messages call the source.
    """
    rows, scored, left_out = tally.rows, tally.scored, tally.left_out
    if not rows:
        return (
            Check(
                code="SL-B001", name="rows_conserved", verdict=Verdict.INCONCLUSIVE, n=0,
                message=f"{name!r} holds no rows: there is nothing to score",
            ),
        )  # fmt: skip
    share = left_out / rows
    reasons = "; ".join(f"{count:,} because {reason}" for reason, count in tally.reasons.items())
    within = share <= max_left_out and scored > 0
    return (
        Check(
            code="SL-B001", name="rows_conserved", n=rows, value=scored + left_out, limit=rows,
            verdict=Verdict.PASSED if rows == scored + left_out and scored == written else Verdict.ERRORED,
            message=f"{rows:,} rows in = {scored:,} scored + {left_out:,} left out; {written:,} written",
        ),
        Check(
            code="SL-B002", name="rows_scored", n=rows, value=share, limit=max_left_out,
            verdict=Verdict.PASSED if not left_out else Verdict.WARNED if within else Verdict.FAILED,
            message=f"{left_out:,} of {rows:,} rows ({share:.2%}) cannot be scored, limit "
            f"{max_left_out:.2%} (quality_gate.max_quarantined): {reasons}"
            if left_out else f"all {rows:,} rows are scored",
            details={"reasons": dict(tally.reasons), "rows": tally.named},
        ),
        *(
            (Check(code="SL-B003", name="predictions_finite", verdict=Verdict.PASSED, n=scored,
                   message=f"every one of {scored:,} predictions is finite"),)
            if scored else ()
        ),
    )  # fmt: skip


def check_published(published: "Published") -> Check:
    """Tell what was published."""
    before = f", in the place of {published.replaced:,}" if published.replaced else ""
    return Check(
        code="SL-B004", name="predictions_written", verdict=Verdict.PASSED, n=published.rows, value=published.version,
        severity=Severity.CRITICAL,
        message=f"{published.rows:,} rows are partition {published.partition!r}{before} (table version "
        f"{published.version})",
    )  # fmt: skip
