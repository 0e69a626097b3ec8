"""What the table of predictions says is what the model said."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier

from stageline.evaluation import predict
from stageline.exceptions import DataError
from stageline.monitoring.said import predictions_of, truth_of
from stageline.serving import Oracle

FRAME = pd.DataFrame({"a": np.linspace(-1, 1, 60), "b": np.cos(np.arange(60))})


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True], ["a", "b", "c"], [3, 1, 2]], ids=str)
@pytest.mark.parametrize("first", [True, False])
def test_classes_come_back_with_their_probabilities(labels, first):
    truth = np.array([labels[row % len(labels)] for row in range(60)])
    model = LogisticRegression().fit(FRAME, truth)
    classes = tuple(model.classes_.tolist())
    positive = None if len(classes) > 2 else classes[0 if first else 1]
    table = pa.table(Oracle(model, classify=True, positive=positive).answer(FRAME))
    # As it comes in more than one batch.
    table = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    found, said = predictions_of(table, classes, positive), predict(model, FRAME, classify=True)
    assert list(found.values) == list(said.values)
    assert found.probabilities == pytest.approx(said.probabilities)
    assert found.classes == said.classes


def test_a_model_without_probabilities_has_none():
    model = RidgeClassifier().fit(FRAME, np.array(["no", "yes"] * 30))
    table = pa.table(Oracle(model, classify=True).answer(FRAME))
    assert predictions_of(table, ("no", "yes"), "yes").probabilities is None


def test_numbers_come_back():
    model = LinearRegression().fit(FRAME, np.arange(60.0))
    table = pa.table(Oracle(model, classify=False).answer(FRAME))
    found = predictions_of(table, (), None)
    assert list(found.values) == pytest.approx(model.predict(FRAME).tolist())


def test_a_prediction_that_is_null_is_refused():
    with pytest.raises(DataError, match="1 of 2 predictions are null"):
        predictions_of(pa.table({"prediction": [1.0, None]}), (), None)


def test_probabilities_of_other_classes_are_refused():
    model = LogisticRegression().fit(FRAME, np.array(["a", "b", "c"] * 20))
    table = pa.table(Oracle(model, classify=True).answer(FRAME))
    with pytest.raises(DataError, match="are of other classes than the model's: a, b, d"):
        predictions_of(table, ("a", "b", "d"), None)


def test_a_class_that_the_model_does_not_know_is_told_apart():
    truth, known = truth_of(pa.array(["a", "x", "b"]), ("a", "b"))
    assert (truth.tolist(), known.tolist()) == (["a", "x", "b"], [True, False, True])
    numbers, known = truth_of(pa.array([1, 2]), ())
    assert (numbers.tolist(), known.tolist()) == ([1.0, 2.0], [True, True])
