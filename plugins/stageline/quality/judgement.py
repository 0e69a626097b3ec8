"""Turn an engine's answer about an expectation into a check whose message quotes the numbers."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from typing import Any

from stageline.quality.checks import (
    COLUMN_ARGUMENTS,
    EXPECTATION,
    NOT_EVALUATED,
    NOTHING_TO_JUDGE,
    Table,
    columns_of,
    make_check,
    subject_of,
)
from stageline.quality.outcome import Outcome
from stageline.quality.wording import (
    are,
    as_json,
    as_list,
    as_measured,
    as_name,
    as_percent,
    as_text,
    expected,
    outside,
    shorten,
)
from stageline.spec.expectations import CONDITION, QUERY, QUERY_ARGUMENT
from stageline.spec.models import Expectation
from stageline.verdicts import Check, Verdict

_ERROR_LENGTH = 300
_EXAMPLES = 5
# What Great Expectations counts, where it judges value by value.
_COUNTS = ("element_count", "missing_count", "unexpected_count")
_HIDDEN = "no value is shown: the column is private"

# What an unexpected value is, read after "12 of 17,379 values are ...".
_WRONG: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "expect_column_values_to_be_between": outside,
    "expect_column_value_lengths_to_be_between": lambda given: f"of a length {outside(given)}",
    "expect_column_value_lengths_to_equal": lambda given: f"of a length other than {as_text(given['value'])}",
    "expect_column_values_to_be_in_set": lambda given: f"not in {as_list(given['value_set'])}",
    "expect_column_values_to_not_be_in_set": lambda given: f"in {as_list(given['value_set'])}",
    "expect_column_values_to_be_null": lambda _: "not null",
    "expect_column_values_to_not_be_null": lambda _: "null",
    "expect_column_values_to_be_unique": lambda _: "not unique",
    "expect_compound_columns_to_be_unique": lambda _: "not unique",
    "expect_column_values_to_match_regex": lambda given: f"without a match of {as_text(given['regex'])}",
    "expect_column_values_to_not_match_regex": lambda given: f"matched by {as_text(given['regex'])}",
    "expect_column_pair_values_to_be_equal": lambda _: "not equal",
    "expect_column_pair_values_a_to_be_greater_than_b": lambda given: (
        f"not greater in {as_name(given['column_A'])} than in {as_name(given['column_B'])}"
    ),
    "expect_multicolumn_sum_to_equal": lambda given: f"of a sum other than {as_text(given['sum_total'])}",
}

# Numbers that too few values leave undefined, e.g. the deviation of a single one.
_COMPUTED = re.compile(r"expect_column_(max|mean|median|min|stdev|sum)_to_be_between")
_SAID = (*COLUMN_ARGUMENTS, CONDITION)
_NUMBER = re.compile(r"expect_(?:column|table)_(.+)_to_(?:be_between|equal)")


def judge(expectation: Expectation, name: str, outcome: Outcome, table: Table) -> Check:
    """Turn an engine's answer into a check."""
    subject = subject_of(expectation, "table")
    hidden = _hides(expectation, table)
    if outcome.error:
        # Great Expectations' own words may quote a value.
        words = _HIDDEN if hidden else shorten(outcome.error, _ERROR_LENGTH)
        types = ", ".join(table.facts[column].type for column in columns_of(expectation))
        held = f" on values of type {types}" if types else ""
        message = f"{subject}: {expectation.type} could not be evaluated{held}: {words}"
        return make_check(expectation, name, NOT_EVALUATED, Verdict.ERRORED, message)
    if miscounted := _miscounted(outcome.result):
        message = f"{subject}: {expectation.type} could not be evaluated: {miscounted} is no count"
        return make_check(expectation, name, NOT_EVALUATED, Verdict.ERRORED, message)
    if "element_count" in outcome.result:
        return _judge_values(expectation, name, outcome, subject, hidden=hidden)
    if expectation.type.startswith("expect_table_columns_to_match"):
        message = f"{subject}: {_compare_columns(expectation.arguments, table.columns, outcome)}"
        return make_check(expectation, name, EXPECTATION, _verdict(outcome), message, n=len(table.columns))
    return _judge_whole(expectation, name, outcome, subject, table)


def _hides(expectation: Expectation, table: Table) -> bool:
    """Whether an expectation judges a private column, or may: a query names the columns it reads to nobody."""
    names_none = not columns_of(expectation) and not expectation.type.startswith("expect_table_")
    return table.hides(expectation) or bool(table.private and names_none)


def reason_of(expectation: Expectation) -> str:
    """Say what is wrong with a row that fails an expectation, e.g. `hum is outside 0 to 1`."""
    subject = subject_of(expectation, "the row")
    return f"{subject} is {_wrong(expectation)}"


def _wrong(expectation: Expectation) -> str:
    phrase = _WRONG.get(expectation.type)
    return phrase(expectation.arguments) if phrase else f"unexpected for {expectation.type}"


def _judge_values(expectation: Expectation, name: str, outcome: Outcome, subject: str, *, hidden: bool) -> Check:
    result, given = outcome.result, expectation.arguments
    nulls = result.get("missing_count") or 0
    judged, count = result["element_count"] - nulls, result["unexpected_count"]
    unit = "values" if "column" in given else "rows"
    if judged <= 0:
        message = f"{subject}: all {result['element_count']:,} {unit} are null, so there is nothing to judge"
        return make_check(expectation, name, NOTHING_TO_JUDGE, Verdict.INCONCLUSIVE, message, n=0)
    percent = 100 * count / judged
    allowed = round(100 * (1 - given.get("mostly", 1)), 9)
    wrong = _wrong(expectation)
    examples = _examples(result) if wrong != "null" and not hidden else []
    if count:
        sentence = f"{count:,} of {judged:,} {unit} ({as_percent(percent)}) {are(count)} {wrong}"
        sentence += f", e.g. {', '.join(examples)}" if examples else ""
        sentence += f"; allowed at most {as_percent(allowed)}"
    else:
        sentence = f"none of {judged:,} {unit} is {wrong}"
    if nulls:
        sentence += f" ({nulls:,} null {'one was' if nulls == 1 else 'ones were'} not judged)"
    details = {"unexpected_count": count, "unexpected_percent": percent, "examples": examples}
    return make_check(
        expectation, name, EXPECTATION, _verdict(outcome), f"{subject}: {sentence}",
        n=judged, value=percent, limit=allowed, details=details,
    )  # fmt: skip


def _judge_whole(expectation: Expectation, name: str, outcome: Outcome, subject: str, table: Table) -> Check:
    kind, observed = expectation.type, outcome.result.get("observed_value")
    rows = table.rows_for(expectation)
    n = min([rows, *(table.facts[column].count for column in columns_of(expectation))])
    computed = _COMPUTED.fullmatch(kind)
    if computed and _is_nothing(observed):
        message = f"{subject}: {computed[1]} cannot be computed from {n:,} of {rows:,} values"
        return make_check(expectation, name, NOTHING_TO_JUDGE, Verdict.INCONCLUSIVE, message, n=n)
    if _hides(expectation, table):
        message = f"{subject}: {kind} {'holds' if outcome.success else 'does not hold'}; {_HIDDEN}"
        return make_check(expectation, name, EXPECTATION, _verdict(outcome), message, n=n)
    return make_check(
        expectation, name, EXPECTATION, _verdict(outcome), f"{subject}: {_observation(expectation, outcome)}",
        n=n, value=observed, details={"observed_value": as_json(observed)},
    )  # fmt: skip


def _miscounted(result: Mapping[str, Any]) -> str:
    """Return the first count that is none, with its value; empty if all are whole numbers."""
    counts = {name: result[name] for name in _COUNTS if name in result}
    bad = (f"{name} = {count!r}" for name, count in counts.items() if not isinstance(count, Integral) or count < 0)
    return next(bad, "")


def _is_nothing(observed: Any) -> bool:
    if isinstance(observed, float):
        return not math.isfinite(observed)
    return observed is None or (isinstance(observed, (str, list, tuple, set)) and not observed)


def _observation(expectation: Expectation, outcome: Outcome) -> str:
    kind, given, result = expectation.type, expectation.arguments, outcome.result
    if kind == "expect_column_to_exist":
        return "the column exists" if outcome.success else "the column stands at another place"
    observed = result.get("observed_value")
    if kind == QUERY:
        rows = "1 row" if observed == 1 else f"{observed or 'no'} rows"
        return f"{rows} found by {as_text(' '.join(given[QUERY_ARGUMENT].split()))}, expected none"
    shown = as_list(observed) if isinstance(observed, (list, tuple, set)) else as_measured(observed, given)
    number = _NUMBER.fullmatch(kind)
    if number and {"min_value", "max_value", "value"} & set(given):
        return f"{number[1].replace('_', ' ')} is {shown}, expected {expected(given)}"
    examples = as_list(result.get("partial_unexpected_list") or ())
    asked = ", ".join(f"{key} = {as_text(value)}" for key, value in given.items() if key not in _SAID)
    parts = [f"{kind} {'holds' if outcome.success else 'does not hold'}"]
    parts += [f"unexpected {examples}"] if examples else [] if observed is None else [f"found {shown}"]
    return "; ".join([*parts, asked] if asked else parts)


def _examples(result: Mapping[str, Any]) -> list[str]:
    texts = (as_text(value) for value in result.get("partial_unexpected_list") or ())
    return list(dict.fromkeys(texts))[:_EXAMPLES]


def _compare_columns(given: Mapping[str, Any], columns: Sequence[str], outcome: Outcome) -> str:
    wanted = list(given.get("column_set") or given.get("column_list") or ())
    missing = [column for column in wanted if column not in columns]
    new = [column for column in columns if column not in wanted]
    found = [f"missing {as_list(missing)}"] if missing else []
    found += [f"new {as_list(new)}"] if new else []
    if not found:
        found = ["all there"] if outcome.success else ["all there, but in another order"]
    return f"of {len(wanted)} columns expected: {'; '.join(found)}"


def _verdict(outcome: Outcome) -> Verdict:
    return Verdict.PASSED if outcome.success else Verdict.FAILED
