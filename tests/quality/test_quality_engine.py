import subprocess
import sys

import pandas as pd
import pytest

from stageline.quality.pandas_engine import run_expectations
from stageline.spec.models import Expectation

NOT_NULL = Expectation.model_validate({"type": "expect_column_values_to_not_be_null", "column": "a"})
UNEVALUABLE = Expectation.model_validate({"type": "expect_column_mean_to_be_between", "column": "text", "min_value": 0})
FRAME = pd.DataFrame({"a": [1, None], "text": ["x", "y"]})


@pytest.fixture(scope="module")
def gx():
    run_expectations(FRAME, [NOT_NULL])  # its first import warns, and the package keeps that quiet
    import great_expectations

    return great_expectations


@pytest.fixture
def current(gx):
    from great_expectations.data_context.data_context.context_factory import project_manager

    project_manager.set_project(None)
    yield project_manager.get_current_project
    project_manager.set_project(None)


# Run where nothing was imported before; anything that looks up or opens a connection ends it.
ALONE = """
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        sys.__stdout__.write(f"network: {event} {arguments}")

sys.addaudithook(watch)
import stageline.quality
from stageline.spec.models import Expectation
from stageline.verdicts import Mode

heavy = {"great_expectations", "pandas", "numpy"} & set(sys.modules)
assert not heavy, heavy
import pandas
frame = pandas.DataFrame({"a": [1, None] * 50, "text": ["x", "y"] * 50})
suite = [
    Expectation.model_validate({"type": "expect_column_values_to_not_be_null", "column": "a"}),
    Expectation.model_validate(
        {"type": "expect_column_mean_to_be_between", "column": "text", "min_value": 0}
    ),
]
report = stageline.quality.check_quality(frame, suite, mode=Mode.ENABLED)
print([check.verdict.value for check in report.checks])
"""


def test_nothing_goes_over_the_network_and_nothing_is_printed():
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", ALONE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.stdout == "['failed', 'errored']\n"
    assert done.stderr == ""
    assert done.returncode == 0


def test_analytics_are_off_in_the_context_it_uses(gx, monkeypatch):
    used = []
    real = gx.get_context

    def remembered(**given):
        used.append(real(**given))
        return used[-1]

    monkeypatch.setattr(gx, "get_context", remembered)
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "true")
    run_expectations(FRAME, [NOT_NULL])

    assert [(context.mode, context.config.analytics_enabled) for context in used] == [("ephemeral", False)]


def test_no_context_is_left_behind(gx, current):
    run_expectations(FRAME, [NOT_NULL])

    with pytest.raises(gx.exceptions.DataContextRequiredError):
        current()


def test_a_callers_context_stays_current(gx, current):
    theirs = gx.get_context(mode="ephemeral")
    run_expectations(FRAME, [NOT_NULL, UNEVALUABLE])

    assert current() is theirs


def test_outcomes_come_in_the_order_asked():
    expectations = [UNEVALUABLE, NOT_NULL, UNEVALUABLE, NOT_NULL]
    outcomes = run_expectations(FRAME, expectations)

    assert [bool(outcome.error) for outcome in outcomes] == [True, False, True, False]
    assert run_expectations(FRAME, []) == []


def test_an_expectation_that_cannot_be_built_is_an_error_of_its_own():
    # A spec cannot say this; a caller from Python can.
    unknown = NOT_NULL.model_copy(update={"type": "expect_wonders"})
    wrong = Expectation.model_construct(type=NOT_NULL.type, column="a", mostly=7)
    outcomes = run_expectations(FRAME, [unknown, wrong, NOT_NULL])

    assert "expect_wonders" in outcomes[0].error
    assert "mostly" in outcomes[1].error
    assert not outcomes[2].error
