import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as np_st
from sklearn.dummy import DummyClassifier, DummyRegressor

from stageline.exceptions import ArtifactError, DataError
from stageline.spec.models import Train
from stageline.training import RecordedExample, TrainingRows, build_estimator
from stageline.training.recorded_example import ModelAnswer, ask, digest_text, feature_frame, spread


def training_rows(numbers, texts, target):
    frame = pd.DataFrame({"a": np.asarray(numbers, dtype=float), "town": pd.Series(texts, dtype=object)})
    return TrainingRows(frame, np.asarray(target), ("a",), ("town",))


ROWS = training_rows(range(250), ["x", None, "ü\n\u2028"] * 83 + ["x"], np.arange(250) * 2.0)


@given(st.integers(0, 100_000))
def test_rows_are_spread_over_all_of_them(count):
    chosen = spread(count)
    assert len(chosen) == min(count, 100)
    assert chosen == sorted(set(chosen))
    assert count == 0 or (chosen[0], chosen[-1]) == (0, count - 1)
    gaps = np.diff(chosen)
    assert count <= 1 or gaps.max() - gaps.min() <= 1


def example_of(rows=ROWS, model=None, *, classify=False):
    model = model or build_estimator(Train(estimator="sklearn.linear_model.Ridge"), ["a"], ["town"])
    return model.fit(rows.features, rows.target), RecordedExample.take(model, rows, classify=classify)


def test_an_example_comes_back_as_it_was():
    _, example = example_of()
    text = example.as_text()
    assert RecordedExample.from_bytes(text.encode(), digest=digest_text(text)) == example
    assert (len(example.rows), example.of) == (100, 250)


def test_the_same_rows_give_the_same_example():
    assert example_of()[1].as_text() == example_of()[1].as_text()


def test_the_model_says_the_same_about_the_rows_that_were_kept():
    model, example = example_of()
    frame = feature_frame(example.rows, example.numeric, example.categorical)
    pd.testing.assert_frame_equal(frame, ROWS.features.iloc[spread(250)].reset_index(drop=True))
    assert ask(model, frame, classify=False) == example.answer


@given(
    np_st.arrays(float, 7, elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=3), min_size=7, max_size=7),
)
def test_any_features_come_back_as_they_were(numbers, texts):
    rows = training_rows(numbers, texts, np.ones(7))
    example = RecordedExample.take(DummyRegressor().fit(rows.features, rows.target), rows, classify=False)
    text = example.as_text()
    again = RecordedExample.from_bytes(text.encode(), digest=digest_text(text))
    frame = feature_frame(again.rows, again.numeric, again.categorical)
    np.testing.assert_array_equal(frame["a"], numbers)
    assert frame["town"].tolist() == texts


def test_no_rows_make_a_frame_of_the_same_columns():
    frame = feature_frame((), ["a"], ["town"])
    assert (frame.shape, frame.dtypes.astype(str).tolist()) == ((0, 2), ["float64", "object"])


LABELS = {
    "texts": (np.array(["hi", "lo"] * 125, dtype=object), "text", ["hi", "lo"]),
    "whole numbers": (np.array([1, 2] * 125), "integer", [1, 2]),
    "booleans": (np.array([True, False] * 125), "boolean", [False, True]),
}


@pytest.mark.parametrize(("labels", "kind", "classes"), LABELS.values(), ids=LABELS)
def test_classes_keep_their_type(labels, kind, classes):
    rows = training_rows(range(250), ["x"] * 250, labels)
    _, example = example_of(rows, DummyClassifier(), classify=True)
    again = json.loads(example.as_text())["answer"]
    assert (again["kind"], again["classes"]) == (kind, classes)
    assert all(type(value) is type(classes[0]) for value in again["values"])
    assert again["probabilities"][0] == [0.5, 0.5]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_an_answer_that_is_not_finite_is_not_recorded(wrong):
    class Odd:
        def predict(self, features):
            return np.full(len(features), wrong)

    with pytest.raises(DataError, match=f"the Odd answers {wrong} on a training row"):
        RecordedExample.take(Odd(), ROWS, classify=False)


def test_an_example_that_was_edited_is_refused():
    text = example_of()[1].as_text()
    edited = text.replace('"of":250', '"of":251')
    assert edited != text
    with pytest.raises(ArtifactError, match=f"the recorded example has digest {digest_text(edited)}, recorded at"):
        RecordedExample.from_bytes(edited.encode(), digest=digest_text(text))


def test_what_a_model_answers_is_told_by_type():
    class Answers:
        def __init__(self, values):
            self.values = values

        def predict(self, features):
            return self.values

    kinds = {
        "float": np.ones(2, dtype=np.float32), "integer": np.ones(2, dtype=np.uint8), "boolean": np.ones(2, dtype=bool),
        "text": np.array(["a", "b"]), "object": np.array([None, "b"], dtype=object),
    }  # fmt: skip
    for kind, values in kinds.items():
        assert ask(Answers(values), ROWS.features.head(2), classify=False) == ModelAnswer(kind, values.tolist())
