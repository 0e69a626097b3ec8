"""Run expectations over a pandas table with Great Expectations."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.quality.outcome import Outcome
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import pandas as pd

# More examples than are shown, because the same value often comes several times.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 50}
_POSITION = "position"
_LIMITS = ("min_value", "max_value")
# What a metric may raise besides Great Expectations' own errors.
_RAISED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def run_expectations(frame: "pd.DataFrame", expectations: Sequence[Expectation]) -> list[Outcome]:
    """Evaluate expectations in one run, and return an outcome for each, in their order.

    Great Expectations compares column names without regard to case, and then judges the first that
    matches. It is therefore shown neutral names, and never sees the table's own.
    """
    if not expectations:
        return []
    names = _NeutralNames(frame.columns)
    shown = frame.set_axis(names.of_table, axis="columns")
    with _quiet(), _context() as context:
        asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": shown})
        asked = [(item.type, names.hide(_with_times(frame, item.arguments))) for item in expectations]
        outcomes = _validate(batch, asked)
        if len(asked) > 1:
            # One that raises can take others of its run down: each is asked again by itself.
            outcomes = [
                _validate(batch, [single])[0] if outcome.error else outcome
                for single, outcome in zip(asked, outcomes, strict=True)
            ]
    return outcomes


class _NeutralNames:
    """Column names that differ by more than case and hold nothing that an engine could misread."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._hidden = {column: f"column_{place}" for place, column in enumerate(columns)}
        self.of_table = list(self._hidden.values())

    def hide(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with neutral names in place of the columns'."""
        hidden = dict(arguments)
        for key in ("column", "column_A", "column_B"):
            if key in hidden:
                hidden[key] = self._hide(hidden[key])
        for key in ("column_list", "column_set"):
            if key in hidden:
                hidden[key] = [self._hide(column) for column in hidden[key]]
        return hidden

    def _hide(self, column: str) -> str:
        # A column that does not exist gets a name, too, that no other column has.
        return self._hidden.setdefault(column, f"column_{len(self._hidden)}")


def _with_times(frame: "pd.DataFrame", arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with ISO 8601 limits of a column of times as times.

    Great Expectations reads `2026-01-31` as a date, which pandas refuses to compare with a time.
    """
    from pandas.api.types import is_datetime64_any_dtype

    column = arguments.get("column")
    if column not in frame.columns or not is_datetime64_any_dtype(frame[column].dtype):
        return dict(arguments)
    return {
        key: datetime.fromisoformat(value) if key in _LIMITS and isinstance(value, str) else value
        for key, value in arguments.items()
    }


def _validate(batch: Any, asked: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Outcome]:
    from great_expectations import ExpectationSuite
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    outcomes: dict[int, Outcome] = {}
    built = []
    for position, (kind, arguments) in enumerate(asked):
        try:
            configuration = ExpectationConfiguration(type=kind, kwargs=dict(arguments), meta={_POSITION: position})
            built.append(configuration.to_domain_obj())
        except (GreatExpectationsError, TypeError, ValueError) as error:
            outcomes[position] = Outcome(success=False, error=_words(error))
    if built:
        try:
            answer = batch.validate(ExpectationSuite("quality", expectations=built), result_format=_RESULT_FORMAT)
        except (GreatExpectationsError, *_RAISED) as error:
            failed = Outcome(success=False, error=_words(error))
            return [outcomes.get(position, failed) for position in range(len(asked))]
        for result in answer.results:
            outcomes[result.expectation_config.meta[_POSITION]] = _outcome(result)
    unanswered = Outcome(success=False, error="Great Expectations gave no answer")
    return [outcomes.get(position, unanswered) for position in range(len(asked))]


def _outcome(result: Any) -> Outcome:
    # Either one exception stands in `exception_info`, or one for each metric that raised.
    info = dict(result.exception_info or {})
    raised = [info] if "raised_exception" in info else list(info.values())
    words = [str(each["exception_message"]) for each in raised if each["raised_exception"]]
    if words:
        return Outcome(success=False, error=words[0] or "an exception without a message")
    return Outcome(success=bool(result.success), result=dict(result.result))


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


@contextmanager
def _context() -> Iterator[Any]:
    import great_expectations
    from great_expectations.data_context.data_context.context_factory import project_manager
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.exceptions import DataContextRequiredError

    try:
        before = project_manager.get_current_project()
    except DataContextRequiredError:
        before = None
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    try:
        yield great_expectations.get_context(mode="ephemeral", project_config=config)
    finally:
        # The current context is global. Left in place, it would keep the whole table in memory.
        project_manager.set_project(before)


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("great_expectations")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)
