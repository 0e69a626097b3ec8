"""What an engine answers about one expectation: the seam between Great Expectations and our verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """The answer about one expectation.

    :param success: Whether Great Expectations calls it a success, which it also does about nothing.
    :param result: Its own numbers: `element_count`, `unexpected_count`, `observed_value` and so on.
    :param error: The exception's own words, if it could not be evaluated.
    """

    success: bool
    result: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
