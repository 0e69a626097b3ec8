"""Check a table against the expectations its pipeline declares."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stageline.quality.checks import NOTHING_DECLARED, NOTHING_TO_JUDGE, Table, columns_of, name_of
from stageline.quality.columns import as_evidence, describe_columns, require_distinct_names
from stageline.quality.judgement import judge
from stageline.quality.screening import screen
from stageline.spec.models import Expectation
from stageline.verdicts import Check, Mode, Report, Verdict

if TYPE_CHECKING:
    import pandas as pd


def check_quality(frame: "pd.DataFrame", expectations: Sequence[Expectation], *, mode: Mode) -> Report:
    """Evaluate every expectation on the table, one check each, in their order.

    A table without rows and a suite without expectations add a check of their own, which is inconclusive.

    :param mode: Whether the verdict stops the pipeline.
    :raises DataError: A column's name occurs twice, or is not a text.
    """
    from stageline.quality.pandas_engine import run_expectations

    require_distinct_names(frame)
    named = [column for expectation in expectations for column in columns_of(expectation)]
    facts = describe_columns(frame, named)
    table = Table(rows=len(frame), columns=tuple(frame.columns), facts=facts)

    names = _number_repeated(name_of(expectation) for expectation in expectations)
    screened = [screen(item, name, table) for item, name in zip(expectations, names, strict=True)]
    open_ones = [item for item, check in zip(expectations, screened, strict=True) if check is None]
    outcomes = iter(run_expectations(frame, open_ones))
    checks = [
        check or judge(item, name, next(outcomes), table)
        for item, name, check in zip(expectations, names, screened, strict=True)
    ]
    return Report(
        step="quality",
        checks=(*_about_nothing(table, expectations), *checks),
        evidence={
            "rows": table.rows,
            "columns": len(table.columns),
            "expectations": len(expectations),
            "statistics": as_evidence(facts),
        },
        mode=mode,
    )


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
