"""The 28 tests of the ML Test Score, in the paper's order."""

from stageline.exceptions import SpecError
from stageline.readiness.data import beneficial, cost, feature_code, new_features, privacy, requirements, schema
from stageline.readiness.infrastructure import (
    canaried,
    debuggable,
    integration,
    reproducible,
    rolled_back,
    spec_tested,
    validated,
)
from stageline.readiness.model import inclusion, online, reviewed, simpler, slices, staleness, tuned
from stageline.readiness.monitoring import age, dependencies, invariants, quality, skew, speed, stable
from stageline.readiness.rule import ReadinessTest

TESTS: tuple[ReadinessTest, ...] = tuple(
    module.TEST
    for module in (
        schema, beneficial, cost, requirements, privacy, new_features, feature_code,
        reviewed, online, tuned, staleness, simpler, slices, inclusion,
        reproducible, spec_tested, integration, validated, debuggable, canaried, rolled_back,
        dependencies, invariants, skew, age, stable, speed, quality,
    )
)  # fmt: skip


def test_of(code: str) -> ReadinessTest:
    """Return the test with a code.

    :raises SpecError: There is none.
    """
    for test in TESTS:
        if test.code == code:
            return test
    known = ", ".join(test.code for test in TESTS)
    raise SpecError(f"no readiness test has the code {code!r}; these are: {known}")
