"""Expectations that run code or free SQL: accepted from Python, never from YAML."""

from typing import Any

from stageline.spec.models import Expectation
from stageline.verdicts import Severity


def trusted_expectation(kind: str, *, severity: str = "critical", **arguments: Any) -> Expectation:
    """Return any expectation that Great Expectations knows, registered ones of your own too, unchecked.

    Unlike in YAML, `row_condition`, queries and custom expectations are let through: they run code, or SQL
    against whatever the database's user may read. Never build one from text that a stranger wrote.

    :param kind: Great Expectations' name of it, e.g. `unexpected_rows_expectation`.
    :param severity: `critical`, `warning` or `info`.
    :param arguments: Its own arguments. They name the table's columns as they are.
    :raises ValueError: The severity is none of the three.
    """
    return Expectation.model_construct(type=kind, severity=Severity(severity), **arguments)
