"""Check a table against the expectations its pipeline declares."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from stageline.exceptions import DataError
from stageline.quality.checks import (
    NOTHING_DECLARED,
    NOTHING_TO_JUDGE,
    Table,
    as_names,
    columns_of,
    condition_of,
    name_of,
)
from stageline.quality.columns import Histogram, nearest_column
from stageline.quality.evidence import as_evidence, columns_to_describe
from stageline.quality.judgement import judge
from stageline.quality.screening import screen
from stageline.quality.table_engine import TableEngine
from stageline.spec.expectations import CONDITION
from stageline.spec.models import Expectation
from stageline.verdicts import Check, Mode, Report, Verdict


def check_quality(
    table: TableEngine,
    expectations: Sequence[Expectation],
    *,
    mode: Mode,
    private: Collection[str] = (),
    like: Mapping[str, Histogram] | None = None,
) -> Report:
    """Evaluate every expectation on the table, one check each, in their order.

    A table without rows and a suite without expectations add a check of their own, which is inconclusive.

    :param mode: Whether the verdict stops the pipeline.
    :param private: Columns whose values stand in no message and no statistic.
    :param like: Histograms of an earlier run, whose bins the new ones take over.
    :raises DataError: The table has no such private column: a misspelt name would show what it was to hide.
    """
    _require_known(private, table.columns)
    named = [column for expectation in expectations for column in columns_of(expectation)]
    described = columns_to_describe(table.columns, named)
    facts = table.describe(described, like or {})
    known = Table(table.count_rows(), table.columns, facts, frozenset(private), _chosen(table, expectations))

    names = _number_repeated(name_of(expectation) for expectation in expectations)
    screened = [screen(item, name, known) for item, name in zip(expectations, names, strict=True)]
    open_ones = [item for item, check in zip(expectations, screened, strict=True) if check is None]
    outcomes = iter(table.evaluate(open_ones))
    checks = [
        check or judge(item, name, next(outcomes), known)
        for item, name, check in zip(expectations, names, screened, strict=True)
    ]
    return Report(
        step="quality",
        checks=(*_about_nothing(known, expectations), *checks),
        evidence={
            "engine": table.name,
            "rows": known.rows,
            "columns": len(known.columns),
            "expectations": len(expectations),
            "statistics": as_evidence(facts, known.private),
            "private": sorted(known.private),
        },
        mode=mode,
    )


def _chosen(table: TableEngine, expectations: Sequence[Expectation]) -> dict[str, int]:
    """Return how many rows each row condition chooses: judging none would pass vacuously."""
    conditions = {condition_of(item): item.arguments[CONDITION] for item in expectations if condition_of(item)}
    counting = [
        Expectation.from_python(type="expect_table_row_count_to_be_between", min_value=0, row_condition=condition)
        for condition in conditions.values()
    ]
    outcomes = table.evaluate(counting) if counting else []
    return {
        words: outcome.result["observed_value"]
        for words, outcome in zip(conditions, outcomes, strict=True)
        if not outcome.error
    }


def _require_known(private: Collection[str], columns: Sequence[str]) -> None:
    for column in private:
        if column not in columns:
            near = nearest_column(column, columns)
            hint = f"did you mean {near!r}?" if near else f"it has {as_names(columns) or 'none'}"
            raise DataError(f"the table has no column {column!r}, which is said to be private; {hint}")


def _about_nothing(table: Table, expectations: Sequence[Expectation]) -> list[Check]:
    checks = []
    if not expectations:
        # Of severity critical: a warning would let data through that nobody looked at.
        checks.append(
            Check(
                code=NOTHING_DECLARED,
                name="expectations",
                verdict=Verdict.INCONCLUSIVE,
                message=f"no expectation is declared, so nothing is known about the {table.rows:,} rows; "
                "declare some under 'quality'",
                n=table.rows,
            )
        )
    if table.rows == 0:
        checks.append(
            Check(
                code=NOTHING_TO_JUDGE,
                name="rows",
                verdict=Verdict.INCONCLUSIVE,
                message=f"the table has {len(table.columns)} columns but no rows, so nothing can be judged",
                n=0,
            )
        )
    return checks


def _number_repeated(names: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return numbered
