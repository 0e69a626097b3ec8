"""How a suite is put to Great Expectations on any engine, and how its answers become outcomes.

A data context would add stores, files and a batch for each run. The parts beneath it are used instead: expectations
name the metrics they need, a calculator resolves all of them together, and each expectation judges its own.
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from stageline.quality.engines.kinds import Column
from stageline.quality.engines.question import Question, put
from stageline.quality.outcome import Outcome
from stageline.quality.table_engine import TableEngine
from stageline.spec.models import Expectation

# More examples than are shown, because the same value often comes several times.
_EXAMPLES = 50
_SETTINGS: Mapping[str, Any] = {
    "result_format": {"result_format": "BASIC", "partial_unexpected_count": _EXAMPLES},
    "catch_exceptions": True,
}
_PLACE = "place"
# What a metric may raise besides Great Expectations' own errors.
_RAISED = (ArithmeticError, AttributeError, LookupError, NotImplementedError, RuntimeError, TypeError, ValueError)

Found = TypeVar("Found")
Condition = tuple[Any, Mapping[str, Any], Mapping[str, Any]]


class JudgedTable(Protocol):
    """What validation needs to know of an engine.

    :param execution: Great Expectations' execution engine, with the table as its only batch.
    :param known: The columns by their own names.
    """

    name: str
    execution: Any
    known: Mapping[str, Column]

    def examples(self, condition: Condition, columns: Sequence[Column], count: int) -> list[tuple[Any, ...]]:
        """Return the values of the first rows that a condition calls unexpected.

        :param condition: A metric of Great Expectations that says which rows are unexpected, resolved here.
        """


def evaluate(table: JudgedTable, expectations: Sequence[Expectation]) -> list[Outcome]:
    """Evaluate expectations together, and return an outcome for each, in their order."""
    asked = [put(expectation, table.known, table.name) for expectation in expectations]
    questions = {place: item for place, item in enumerate(asked) if isinstance(item, Question)}
    outcomes = {place: item for place, item in enumerate(asked) if isinstance(item, Outcome)}
    with quiet():
        answers = _answer(table, questions) if questions else {}
        if len(questions) > 1:
            # One that raises can take others of its run down: each is asked again by itself.
            for place, answer in answers.items():
                outcomes[place] = _answer(table, {place: questions[place]})[place] if answer.error else answer
        else:
            outcomes |= answers
    return [outcomes[place] for place in range(len(expectations))]


def conditions_of(table: JudgedTable, expectations: Sequence[Expectation]) -> dict[int, Condition]:
    """Return which rows each expectation calls unexpected, by its place; one about no single rows has no condition.

    These are the very metrics that the counts of `evaluate` rest on.
    """
    asked = {place: put(expectation, table.known, table.name) for place, expectation in enumerate(expectations)}
    found = {}
    with quiet():
        plans, _ = _plan(table, {place: item for place, item in asked.items() if isinstance(item, Question)})
        metrics, _ = _resolve(table, [edge for plan in plans if plan.condition for edge in plan.graph.edges])
        for plan in plans:
            if plan.condition and plan.condition.id in metrics:
                found[plan.place] = metrics[plan.condition.id]
    return found


def found_together(
    conditions: Mapping[int, Condition],
    find: Callable[[Mapping[int, Condition]], Found],
    table: TableEngine,
    raised: tuple[type[Exception], ...],
) -> tuple[Mapping[int, Condition], Found]:
    """Find the rows that meet any condition, by one query, and return the conditions it was found by.

    A condition that only fails once it runs, e.g. a regular expression the engine does not know, takes the query
    down. It is left out: its expectation counts nothing either. A table that cannot be read still raises.
    """
    try:
        return conditions, find(conditions)
    except raised:
        table.count_rows()
        working = {}
        for place, condition in conditions.items():
            try:
                find({place: condition})
            except raised:
                continue
            working[place] = condition
        return working, find(working)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep back what Great Expectations logs and warns about: every error becomes an outcome's words."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def quiet_imports() -> Iterator[None]:
    """Keep back what Great Expectations, and the engines it looks for, say as they are imported.

    :raises ImportError: PySpark ended the process, which it does in `python -c` where parts of it are missing.
    """
    with quiet(), redirect_stderr(io.StringIO()) as said:
        try:
            yield
        except SystemExit as error:
            raise ImportError(
                f"Great Expectations cannot be imported: {said.getvalue().strip()}; install pyspark[connect], or "
                "remove pyspark"
            ) from error


@dataclass(frozen=True)
class _Plan:
    """One expectation with the metrics it needs.

    :param needed: The metrics it judges by, by the names it knows them by.
    :param settings: How much it shall answer.
    :param graph: The metrics and what they rest on, without the examples of unexpected values.
    :param condition: The metric that says which rows are unexpected, for an expectation about single rows.
    :param count: The metric that counts them.
    :param values: The metric that holds examples.
    """

    place: int
    question: Question
    expectation: Any
    needed: Mapping[str, Any]
    settings: Mapping[str, Any]
    graph: Any
    condition: Any
    count: Any
    values: Any


def _answer(table: JudgedTable, questions: Mapping[int, Question]) -> dict[int, Outcome]:
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.validator.validation_graph import ExpectationValidationGraph

    plans, outcomes = _plan(table, questions)
    metrics, aborted = _resolve(table, [edge for plan in plans for edge in plan.graph.edges])
    for plan in plans:
        graph = ExpectationValidationGraph(plan.expectation.configuration, plan.graph)
        raised = list(graph.get_exception_info(metric_info=aborted).values())
        if raised:
            outcomes[plan.place] = Outcome(success=False, error=_shortened(raised[0]["exception_message"]))
            continue
        try:
            outcomes[plan.place] = _conclude(table, plan, metrics)
        except (GreatExpectationsError, *_RAISED) as error:
            outcomes[plan.place] = Outcome(success=False, error=_words(error))
    return outcomes


def _plan(table: JudgedTable, questions: Mapping[int, Question]) -> tuple[list[_Plan], dict[int, Outcome]]:
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    plans, refused = [], {}
    for place, question in questions.items():
        try:
            configuration = ExpectationConfiguration(
                type=question.type,
                kwargs={**question.arguments, "batch_id": table.execution.batch_manager.active_batch_data_id},
                meta={_PLACE: place},
            )
            plans.append(_plan_one(table, place, question, configuration.to_domain_obj()))
        except (GreatExpectationsError, *_RAISED) as error:
            refused[place] = Outcome(success=False, error=_words(error))
    return plans, refused


def _plan_one(table: JudgedTable, place: int, question: Question, expectation: Any) -> _Plan:
    needed = expectation.get_validation_dependencies(table.execution, dict(_SETTINGS))
    configurations = dict(needed.metric_configurations)
    metric = getattr(expectation, "map_metric", None)
    # Examples are fetched only where something is unexpected, instead of searching each column in vain.
    values = configurations.get(f"{metric}.unexpected_values")
    resolved_first = [item for item in configurations.values() if item is not values]
    graph = _calculator(table).build_metric_dependency_graph(resolved_first, dict(_SETTINGS))
    vertices = [edge.left for edge in graph.edges] + [edge.right for edge in graph.edges if edge.right]
    conditions = [vertex for vertex in vertices if vertex.metric_name == f"{metric}.condition"]
    return _Plan(
        place=place,
        question=question,
        expectation=expectation,
        needed=configurations,
        settings={**_SETTINGS, "result_format": needed.result_format},
        graph=graph,
        condition=conditions[0] if conditions else None,
        count=configurations.get(f"{metric}.unexpected_count"),
        values=values,
    )


def _resolve(table: JudgedTable, edges: Sequence[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    from great_expectations.validator.validation_graph import ValidationGraph

    graph = ValidationGraph(execution_engine=table.execution, edges=list(edges))
    resolved: tuple[dict[Any, Any], dict[Any, Any]] = _calculator(table).resolve_validation_graph(
        graph, runtime_configuration=dict(_SETTINGS)
    )
    return resolved


def _calculator(table: JudgedTable) -> Any:
    from great_expectations.validator.metrics_calculator import MetricsCalculator

    return MetricsCalculator(execution_engine=table.execution, show_progress_bars=False)


def _conclude(table: JudgedTable, plan: _Plan, metrics: Mapping[Any, Any]) -> Outcome:
    missing = [name for name, metric in plan.needed.items() if metric is not plan.values and metric.id not in metrics]
    if missing:
        raise LookupError(f"Great Expectations computed no {missing[0]}")
    known = {name: metrics.get(metric.id) for name, metric in plan.needed.items()}
    if plan.values is not None:
        known[plan.values.metric_name] = _examples(table, plan, metrics)
    # Asked through `metrics_validate`, each expectation would work out anew what it needs, which takes longest of all.
    answer = plan.expectation._validate(known, dict(plan.settings), table.execution)  # noqa: SLF001
    if not isinstance(answer, Mapping):
        answer = {"success": answer.success, "result": answer.result}
    return Outcome(success=bool(answer["success"]), result=_as_result(answer.get("result", {}), plan, table))


def _examples(table: JudgedTable, plan: _Plan, metrics: Mapping[Any, Any]) -> list[Any]:
    unexpected = metrics[plan.count.id] if plan.count is not None else 0
    if not unexpected:
        return []
    if plan.condition.metric_name.startswith("column_values.nonnull."):
        return [None] * min(unexpected, _EXAMPLES)
    columns = plan.question.columns
    return [_as_example(row, columns) for row in table.examples(metrics[plan.condition.id], columns, _EXAMPLES)]


def _as_example(row: tuple[Any, ...], columns: Sequence[Column]) -> Any:
    if len(columns) == 1:
        return row[0]
    return dict(zip((column.name for column in columns), row, strict=True))


def _as_result(given: Mapping[str, Any], plan: _Plan, table: JudgedTable) -> dict[str, Any]:
    """Return Great Expectations' own numbers, with the table's names and numbers that JSON knows."""
    result = dict(given)
    if "unexpected_count" in result:
        # The sum over no rows is null in a database.
        result["unexpected_count"] = result["unexpected_count"] or 0
    if plan.question.type.startswith("expect_table_columns_to_match"):
        result = {"observed_value": list(table.known)}
    elif "observed_value" in result:
        result["observed_value"] = _as_observed(result["observed_value"])
    return result


def _as_observed(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if isinstance(value, Mapping):
        return {key: _as_observed(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_observed(part) for part in value]
    if value != value:  # noqa: PLR0124 - only NaN and pandas' NaT differ from themselves
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value


def _words(error: Exception) -> str:
    return _shortened(str(error)) or type(error).__name__


def _shortened(words: str) -> str:
    # SQLAlchemy adds the query with all its values.
    return words.partition("\n[SQL: ")[0] or "an exception without a message"
