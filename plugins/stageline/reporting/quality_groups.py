"""The data-quality page's groups: the table, then every column, those that need attention first."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from stageline.reporting.ordering import urgency
from stageline.reporting.quality_cards import ColumnCard, make_card
from stageline.reporting.quality_content import QualityContent
from stageline.reporting.quality_findings import Findings, columns_of, tell
from stageline.verdicts import Check, Verdict


@dataclass(frozen=True)
class Groups:
    """Findings by what they are about.

    :param table: Checks of the table as a whole, and of several columns at once.
    :param open: Columns with a check that did not pass, the most urgent first.
    :param quiet: All others: those with checks, then those without.
    """

    table: Findings
    open: tuple[ColumnCard, ...]
    quiet: tuple[ColumnCard, ...]

    @property
    def checked(self) -> int:
        """Number of columns with a check."""
        return len(self.open) + sum(bool(card.findings.passed) for card in self.quiet)


def group(content: QualityContent) -> Groups:
    """Sort checks and statistics by column."""
    about_table: list[Check] = []
    by_column: dict[str, list[Check]] = {}
    for check in content.report.checks:
        columns = columns_of(check)
        (by_column.setdefault(columns[0], []) if len(columns) == 1 else about_table).append(check)
    statistics = content.evidence.statistics
    reference = content.reference.statistics if content.reference else {}
    cards = [
        make_card(
            name, _findings(by_column.get(name, ()), content.private), statistics.get(name), reference.get(name),
            private=name in content.private,
        )
        for name in dict.fromkeys([*by_column, *statistics])
    ]  # fmt: skip
    most_urgent = {name: min(map(urgency, checks)) for name, checks in by_column.items()}
    return Groups(
        table=_findings(about_table, content.private),
        open=tuple(sorted((card for card in cards if card.findings.open), key=lambda card: most_urgent[card.name])),
        quiet=tuple(
            sorted((card for card in cards if not card.findings.open), key=lambda card: not card.findings.passed)
        ),
    )


def _findings(checks: Iterable[Check], private: Collection[str]) -> Findings:
    told = [tell(check, private) for check in sorted(checks, key=urgency)]
    return Findings(
        open=tuple(one for one in told if one.verdict is not Verdict.PASSED),
        passed=tuple(one for one in told if one.verdict is Verdict.PASSED),
    )
