"""The comparisons of a row condition that every engine knows as Python operators."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
