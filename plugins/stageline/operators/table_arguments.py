"""What a person may say about a table that is checked on its own, each mistake with a sentence of its own."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from stageline.exceptions import SpecError
from stageline.operators.table_place import FILE_ENGINES
from stageline.spec.models import Expectation
from stageline.spec.operating import QualityGate

# Rows are kept in a folder of this name: no name leads out of it.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


def require_one_subject(task: str, *, pipeline: str | None, table: str | None, given: Mapping[str, object]) -> None:
    """Refuse a task that is about nothing, about two things, or that says twice what its spec says.

    :param task: How errors call the place.
    :param given: The other arguments.
    :raises SpecError: One sentence.
    """
    if (pipeline is None) == (table is None):
        raise SpecError(f"{task}: give either pipeline or table; found {'neither' if table is None else 'both'}")
    if pipeline is not None and (said := [name for name, value in given.items() if value]):
        raise SpecError(f"{task}: with pipeline, all else is said in its spec; leave out {', '.join(said)}")


def require_sound(
    task: str, *, conn_id: str | None, schema: str | None, engine: str | None, private: object, record_as: str | None
) -> None:
    """Refuse arguments that contradict each other, or that would not do what they say.

    :raises SpecError: One sentence.
    """
    if conn_id is not None and engine is not None:
        raise SpecError(f"{task}: engine is {engine!r}, but with conn_id the checks run in the database; leave it out")
    if schema is not None and conn_id is None:
        raise SpecError(f"{task}: schema is {schema!r}, but without conn_id the table is a file; leave it out")
    if engine is not None and engine not in FILE_ENGINES:
        raise SpecError(f"{task}: engine is {engine!r}; allowed: {', '.join(FILE_ENGINES)}")
    if isinstance(private, str):
        raise SpecError(f"{task}: private is the text {private!r}; expected a list of columns")
    if record_as is not None and not _NAME.fullmatch(record_as):
        raise SpecError(
            f"{task}: record_as is {record_as!r}; allowed: letters, digits, '_', '.' and '-', at most 200, "
            "the first a letter, a digit or '_'"
        )


def parse_expectations(given: Sequence[Mapping[str, Any] | Expectation], task: str) -> tuple[Expectation, ...]:
    """Return expectations as a spec takes them, and those that only Python may have.

    :param task: How errors call the place.
    :raises SpecError: One is not accepted.
    """
    if isinstance(given, (str, Mapping)):
        raise SpecError(f"{task}: expectations is a {type(given).__name__}; expected a list of expectations")
    parsed = []
    for index, one in enumerate(given):
        if not isinstance(one, (Mapping, Expectation)):
            raise SpecError(
                f"{task}: expectations[{index}] is {one!r}; expected a dictionary with 'type', or an Expectation"
            )
        try:
            parsed.append(one if isinstance(one, Expectation) else Expectation.from_python(**one))
        except ValidationError as error:
            raise SpecError(f"{task}: expectations[{index}]: {_sentences(error)}") from error
    return tuple(parsed)


def parse_gate(given: Mapping[str, Any], task: str) -> QualityGate:
    """Return a quality gate as a spec takes it.

    :param task: How errors call the place.
    :raises SpecError: It is not accepted.
    """
    if not isinstance(given, Mapping):
        raise SpecError(f"{task}: quality_gate is a {type(given).__name__}; expected a dictionary")
    try:
        gate = QualityGate.model_validate(dict(given))
    except ValidationError as error:
        raise SpecError(f"{task}: quality_gate: {_sentences(error)}") from error
    if gate.max_age is not None:
        raise SpecError(f"{task}: quality_gate.max_age needs a pipeline: only its spec says which column is the time")
    return gate


def _sentences(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}" if one["loc"] else one["msg"]
        for one in error.errors(include_url=False)
    )
