"""Which rows came, and what became of them: counted, named, judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from stageline.serving.row_parts import RaggedLines
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from stageline.serving.predictions import Published

NAMED_ROWS = 20
_RAGGED = "line is ragged"


@dataclass
class Tally:
    """Which rows came, and what became of them.

    :param reasons: How many rows were left out, by reason; each row has one.
    :param named: The first of them: reason, position among the rows that can be read from 0 or line in the file,
        and keys.
    :param known: How many of the rows scored are no newer than the champion's data.
    """

    rows: int = 0
    scored: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    named: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0

    @property
    def left_out(self) -> int:
        """How many rows were left out."""
        return sum(self.reasons.values())

    @property
    def read(self) -> int:
        """How many rows were read: ragged lines are none that could be."""
        return self.rows - self.reasons.get(_RAGGED, 0)

    def name(self, left_out: Iterable[Mapping[str, Any]]) -> None:
        """Keep the first rows that were left out."""
        self.named += [dict(one) for one in islice(left_out, max(NAMED_ROWS - len(self.named), 0))]

    def add_ragged(self, lines: RaggedLines) -> None:
        """Count lines that are no rows."""
        if lines.count:
            self.rows += lines.count
            self.reasons[_RAGGED] = self.reasons.get(_RAGGED, 0) + lines.count
            self.name({"reason": f"line {one.reason}", "line": one.line} for one in lines.first)

    def followed_by(self, other: "Tally") -> "Tally":
        """Return the tally of these rows and of those that come after them in the source."""
        both = Tally(
            rows=self.rows + other.rows,
            scored=self.scored + other.scored,
            reasons=add_counts(self.reasons, other.reasons),
            known=self.known + other.known,
        )
        both.name(self.named)
        both.name({**one, "position": one["position"] + self.read} if "position" in one else one for one in other.named)
        return both


def add_counts(some: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sums, in the order in which the names first came."""
    return {name: some.get(name, 0) + more.get(name, 0) for name in (*some, *more)}


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
