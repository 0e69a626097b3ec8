"""What a model says about rows, of what kind its errors are, and what is remembered."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from faulty_models import Faulty
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.serving.answers import Oracle
from stageline.serving.http.asking import Remembering, kind_of, refused_for

CELLS = st.tuples(st.sampled_from([0.0, 1.0, 2.0, float("nan")]), st.sampled_from(["a", "b", None]))


class Counting:
    """Answer a number that depends on the features, and count the rows that were asked."""

    classes_ = np.array(["a", "b"])

    def __init__(self):
        self.rows = 0

    def predict(self, frame):
        self.rows += len(frame)
        return (
            np.nan_to_num(frame["x"].to_numpy(), nan=-1.0) * 10
            + frame["t"].map(lambda text: len(text or "")).to_numpy()
        )


def frame_of(rows):
    return pd.DataFrame(
        {"x": np.array([x for x, _ in rows], float), "t": pd.Series([t for _, t in rows], dtype=object)}
    )


@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6), st.integers(1, 4))
def test_what_is_remembered_is_what_the_model_says(batches, most):
    remembering = Remembering(Oracle(Counting(), classify=False), most)
    for rows in batches:
        plain = Oracle(Counting(), classify=False).answer(frame_of(rows))
        assert pa.table(dict(remembering.answer(frame_of(rows)))) == pa.table(dict(plain))


def test_a_row_that_is_known_is_not_asked_again():
    model = Counting()
    remembering = Remembering(Oracle(model, classify=False), 10)
    remembering.answer(frame_of([(1.0, "a"), (2.0, None)]))
    remembering.answer(frame_of([(1.0, "a"), (float("nan"), "a"), (2.0, None)]))
    assert (model.rows, remembering.hits) == (3, 2)
    # The two that were used longest ago are forgotten.
    small = Remembering(Oracle(model, classify=False), 1)
    for _ in range(2):
        small.answer(frame_of([(1.0, "a")]))
        small.answer(frame_of([(2.0, "a")]))
    assert model.rows == 3 + 4


def test_an_error_is_not_remembered():
    model = Faulty("nan")
    remembering = Remembering(Oracle(model, classify=False), 10)
    for _ in range(2):
        with pytest.raises(DataError):
            remembering.answer(pd.DataFrame({"x": [1.0]}))
    model.how = "none"
    assert remembering.answer(pd.DataFrame({"x": [1.0]}))["prediction"].to_pylist() == [1_001.0]


@pytest.mark.parametrize(
    ("how", "kind", "status"),
    [
        ("nan", "not_finite", 500), ("infinite", "not_finite", 500), ("raises", "exception", 400),
        ("wrong_shape", "wrong_shape", 500),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rows", [1, 2])
def test_each_kind_of_error_is_told_from_the_others(how, kind, status, rows):
    with pytest.raises(DataError) as raised:
        Oracle(Faulty(how), classify=False).answer(pd.DataFrame({"x": [5.0] * rows}))
    assert kind_of(raised.value) == kind
    assert refused_for(kind).status == status


def test_bounds_that_are_not_finite_are_not_finite_and_ones_that_raise_are_an_exception():
    class Bounded(Faulty):
        def predict_interval(self, frame):
            if self.base < 0:
                raise ValueError("no bounds")
            return np.full((len(frame), 2), np.nan)

    for base, kind in ((1.0, "not_finite"), (-1.0, "exception")):
        with pytest.raises(DataError) as raised:
            Oracle(Bounded(base=base), classify=False).answer(pd.DataFrame({"x": [5.0]}))
        assert kind_of(raised.value) == kind


def test_probabilities_of_a_wrong_shape_are_of_a_wrong_shape():
    class Classes:
        classes_ = np.array(["a", "b"])

        def predict(self, frame):
            return np.array(["a"] * len(frame))

        def predict_proba(self, frame):
            return np.ones((len(frame), 3))

    with pytest.raises(DataError) as raised:
        Oracle(Classes(), classify=True).answer(pd.DataFrame({"x": [5.0]}))
    assert kind_of(raised.value) == "wrong_shape"
