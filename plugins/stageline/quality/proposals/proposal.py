"""What a proposal is: an expectation, and what in the data it rests on."""

from dataclasses import dataclass
from typing import Any

from stageline.spec.models import Expectation
from stageline.verdicts import Severity


@dataclass(frozen=True)
class ProposedExpectation:
    """An expectation, and a short comment on what in the data it rests on."""

    expectation: Expectation
    support: str


@dataclass(frozen=True)
class Proposals:
    """All that a table supports.

    :param expectations: The table's own first, then the columns' in their order, then those about several.
    :param notes: Sentences about what was seen but cannot be an expectation, or was left out.
    """

    expectations: tuple[ProposedExpectation, ...]
    notes: tuple[str, ...]


def critical(kind: str, support: str, **arguments: Any) -> ProposedExpectation:
    """Propose what the data are of no use without."""
    return _propose(kind, Severity.CRITICAL, support, arguments)


def warning(kind: str, support: str, **arguments: Any) -> ProposedExpectation:
    """Propose what has been so until now."""
    return _propose(kind, Severity.WARNING, support, arguments)


def _propose(kind: str, severity: Severity, support: str, arguments: dict[str, Any]) -> ProposedExpectation:
    expectation = Expectation.model_validate({"type": kind, "severity": severity, **arguments})
    return ProposedExpectation(expectation=expectation, support=support)
