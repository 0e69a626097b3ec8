"""Which rows of a source failed what, and what became of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.operators.run_context import RunContext
    from stageline.quality import Handled, RowCount
    from stageline.quality.row_rules import RowFinding
    from stageline.quality.table_engine import FailingRows
    from stageline.spec.models import Expectation
    from stageline.tables.parsed_file import RejectedLine
    from stageline.tables.quarantine import StoredQuarantine
    from stageline.tables.quarantined_rows import QuarantinedRow
    from stageline.tables.readmission import Readmission

_LINES = "ragged_lines"


class RowFailures:
    """The rows of one source that failed anything, by their position in its table.

    :param lines: Lines of the source's file that are no rows at all.
    """

    def __init__(self, lines: "Sequence[RejectedLine]") -> None:
        self._lines = lines
        self._codes: dict[int, list[str]] = defaultdict(list)
        self._expectations: dict[int, list[str]] = defaultdict(list)
        self._reasons: dict[int, list[str]] = defaultdict(list)
        self._by_check: dict[str, list[int]] = defaultdict(list)

    def add_finding(self, finding: "RowFinding") -> None:
        """Note the rows that break a built-in rule."""
        for position in finding.positions.tolist():
            self._add(position, finding.name, finding.code, finding.reason)

    def add_failing(
        self, expectations: "Mapping[str, Expectation]", failing: "FailingRows", positions: "np.ndarray"
    ) -> None:
        """Note the rows that fail expectations.

        :param expectations: Those asked for, by the name of their check, in the order they were asked for.
        :param positions: Position in the source of each row of the table that was judged.
        """
        from stageline.quality.checks import EXPECTATION
        from stageline.quality.judgement import reason_of

        names = list(expectations)
        reasons = [reason_of(expectation) for expectation in expectations.values()]
        at = () if failing.positions is None else positions[failing.positions].tolist()
        for position, failed in zip(at, failing.failed, strict=True):
            for index in failed:
                self._add(position, names[index], EXPECTATION, reasons[index])
                self._expectations[position].append(names[index])

    def without(self, table: "pa.Table") -> "tuple[pa.Table, np.ndarray]":
        """Return the rows that failed nothing so far, and their positions in the source."""
        import numpy as np
        import pyarrow as pa

        passes = np.ones(table.num_rows, dtype=bool)
        passes[self._positions] = False
        return table.filter(pa.array(passes)), np.flatnonzero(passes)

    def line_checks(self, rows: int) -> Iterator[Check]:
        """Yield the check about lines that are no rows, if there are any.

        :param rows: Rows of the source's table.
        """
        from stageline.tables.parsed_file import RAGGED_LINE, tell_rejected

        if not self._lines:
            return
        count = len(self._lines)
        yield Check(
            code=RAGGED_LINE, name=_LINES, verdict=Verdict.FAILED,
            message=tell_rejected(self._lines),
            value=count, limit=0, n=rows + count,
        )  # fmt: skip

    def admit(self, run: "RunContext", released: Collection[str]) -> "Readmission":
        """Split the source into rows that pass and rows that stay out.

        :param released: Ids that a person let in again.
        """
        from stageline.tables import feature_columns
        from stageline.tables.readmission import readmit
        from stageline.tables.row_ids import row_ids

        spec, table = run.spec, run.source.table
        positions = self._positions
        ids = row_ids(table.take(positions)) if positions else []
        return readmit(
            table,
            positions=positions,
            ids=ids,
            released=released,
            stored=_stored(run, sorted(set(released) - set(ids))),
            keys=[key for key in spec.source.keys if key in table.column_names],
            finite=[*feature_columns(table, spec), spec.target.column],
            event_time=spec.source.event_time,
        )

    def keep(self, run: "RunContext", admitted: "Readmission") -> "StoredQuarantine":
        """Store the rows and lines that stay out."""
        from stageline.tables.quarantined_rows import rows_of_lines, rows_of_table

        source = run.source
        out = admitted.quarantined.tolist()
        parts = []
        if out:
            parts.append(
                rows_of_table(
                    source.table.take(out),
                    positions=out,
                    source=source.uri,
                    source_digest=source.digest,
                    codes=[self._codes[position] for position in out],
                    expectations=[self._expectations[position] for position in out],
                    reasons=[self._reasons[position] for position in out],
                    ids=admitted.quarantined_ids,
                )
            )
        if self._lines:
            parts.append(rows_of_lines(self._lines, source=source.uri, source_digest=source.digest))
        return run.quarantine.write(*parts, dag_run=run.run_id)

    def count(self, rows: int, admitted: "Readmission", quarantined: int) -> "RowCount":
        """Return where the rows went, each end counted by itself.

        :param rows: Rows of the source's table.
        :param quarantined: Rows and lines that were stored.
        """
        from stageline.quality import RowCount

        return RowCount(
            rows_in=rows + len(self._lines) + len(admitted.appended),
            passed=admitted.passed.num_rows,
            quarantined=quarantined,
            readmitted=len(admitted.let_in) + len(admitted.appended),
        )

    def handled(self, admitted: "Readmission") -> "dict[str, Handled]":
        """Return what became of the rows that failed each check, by the check's name."""
        from stageline.quality import Handled

        out = set(admitted.quarantined.tolist())
        handled = {}
        for name, positions in self._by_check.items():
            left_out = sum(position in out for position in positions)
            handled[name] = Handled(left_out, len(positions) - left_out)
        if self._lines:
            handled[_LINES] = Handled(len(self._lines))
        return handled

    @property
    def _positions(self) -> list[int]:
        return sorted(self._reasons)

    def _add(self, position: int, check: str, code: str, reason: str) -> None:
        if code not in self._codes[position]:
            self._codes[position].append(code)
        self._reasons[position].append(reason)
        self._by_check[check].append(position)


def _stored(run: "RunContext", ids: Sequence[str]) -> "list[QuarantinedRow]":
    """Return the rows that are still in the quarantine; `readmit` names those that were deleted from it."""
    try:
        return run.quarantine.find(ids)
    except ArtifactError:
        found = []
        for one in ids:
            with suppress(ArtifactError):
                found += run.quarantine.find([one])
        return found
