import numpy as np
import pyarrow as pa
import pytest

from stageline.leakage import check_leaks
from stageline.spec.models import PipelineSpec
from stageline.verdicts import Verdict

ROWS = 400


def spec_of(**changes):
    spec = {
        "pipeline": "p", "stage": "poc", "source": {"uri": "data/p.csv"},
        "target": {"column": "total", "task": "regression"},
        "train": {"estimator": "sklearn.linear_model.Ridge"}, "kpi": {"metric": "mean_absolute_error", "max": 1},
    }  # fmt: skip
    return PipelineSpec.model_validate(spec | changes)


@pytest.fixture
def table():
    draw = np.random.default_rng(0)
    near, far = draw.integers(0, 100, ROWS), draw.integers(0, 100, ROWS)
    return pa.table({"near": near, "far": far, "noise": draw.normal(size=ROWS), "total": near + far})


def test_a_sum_that_is_the_target_fails_and_names_its_columns(table):
    (check,) = check_leaks(table, spec_of())

    assert (check.code, check.verdict) == ("SL-Q015", Verdict.FAILED)
    assert (
        "total = far + near in all 400 rows" in check.message or "total = near + far in all 400 rows" in check.message
    )


@pytest.mark.parametrize("features", [{"exclude": ["near"]}, {"known_before": ["near"]}])
def test_left_out_or_known_before_it_is_no_leak(table, features):
    (check,) = check_leaks(table, spec_of(features=features))

    assert check.verdict is Verdict.PASSED


def test_without_a_target_there_is_nothing_to_say(table):
    assert check_leaks(table.drop(["total"]), spec_of()) == []
