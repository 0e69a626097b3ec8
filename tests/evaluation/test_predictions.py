import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier

from stageline.evaluation import Predictions, predict
from stageline.evaluation.predictions import coded, codes_of
from stageline.exceptions import DataError

FEATURES = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})


class Answers:
    """A model that answers what it was given."""

    def __init__(self, values, probabilities=None, classes=None):
        self.values = values
        if classes is not None:
            self.classes_ = classes
        if probabilities is not None:
            self.predict_proba = lambda features: probabilities

    def predict(self, features):
        return self.values


@pytest.mark.parametrize(
    ("model", "classify", "sentence"),
    [
        (Answers([1.0, 2.0]), False, r"the Answers answered \(2,\) for 4 rows; expected one value per row"),
        (Answers([[1.0]] * 4), False, r"the Answers answered \(4, 1\) for 4 rows"),
        (Answers([1.0, np.nan, np.inf, 2.0]), False, r"prediction is not finite in 2 row\(s\), first in row 2"),
        (Answers(["a", "b", "a", "b"]), False, "the Answers cannot predict: could not convert string to float"),
        (Ridge(), False, "the Ridge cannot predict: This Ridge instance is not fitted yet"),
        (Answers(["a", "b", "a", "b"]), True, "the Answers cannot predict: .*no attribute 'classes_'"),
        (
            Answers(["a"] * 4, np.ones((4, 3)) / 3, ["a", "b"]),
            True,
            r"the Answers gave probabilities of shape \(4, 3\) for 4 rows and 2 classes",
        ),
        (
            Answers(["a"] * 4, np.full((4, 2), np.nan), ["a", "b"]),
            True,
            r"the Answers's probability is not finite in 4 row\(s\), first in row 1",
        ),
    ],
)
def test_an_unusable_answer_is_refused(model, classify, sentence):
    with pytest.raises(DataError, match=sentence):
        predict(model, FEATURES, classify=classify)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("no kernel\nsecond line"), "the Broken cannot predict: RuntimeError: no kernel"),
        (KeyError("x"), "the Broken cannot predict: KeyError: 'x'"),
        (IndexError(), "the Broken cannot predict: IndexError"),
        (ZeroDivisionError("by zero"), "the Broken cannot predict: ZeroDivisionError: by zero"),
    ],
)
@pytest.mark.parametrize("classify", [False, True])
def test_whatever_a_model_raises_is_refused_by_its_kind_and_first_line(error, told, classify):
    class Broken:
        classes_ = ("a", "b")

        def predict(self, rows):
            if not classify:
                raise error
            return ["a"] * len(rows)

        def predict_proba(self, rows):
            raise error

    with pytest.raises(DataError) as refused:
        predict(Broken(), FEATURES, classify=classify)
    assert str(refused.value) == told


def test_values_come_as_floats():
    found = predict(Answers([1, 2, 3, 4]), FEATURES, classify=False)
    assert found.values.dtype == float  # noqa: PD011 - ours, not pandas'
    assert found.probabilities is None


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True]])
def test_labels_come_as_plain_values_with_their_probabilities(labels):
    target = np.array([labels[0], labels[0], labels[1], labels[1]])
    found = predict(LogisticRegression().fit(FEATURES, target), FEATURES, classify=True)
    assert found.classes == tuple(labels)
    values = found.values.tolist()  # noqa: PD011 - ours, not pandas'
    assert {type(value) for value in values} == {type(labels[0])}
    np.testing.assert_array_equal(found.of_class(labels[1]), found.probabilities[:, 1])


def test_a_classifier_without_probabilities_gives_labels():
    found = predict(RidgeClassifier().fit(FEATURES, [0, 0, 1, 1]), FEATURES, classify=True)
    assert found.probabilities is None
    with pytest.raises(DataError, match="the model gives no probabilities"):
        found.of_class(1)


def test_codes_are_positions():
    assert codes_of(np.array(["b", "a"], dtype=object), ("a", "b")).tolist() == [1, 0]


def test_a_class_that_training_never_saw_is_refused():
    with pytest.raises(DataError) as refusal:
        codes_of(np.array(["a", "z"], dtype=object), ("a", "b"))
    assert str(refusal.value) == (
        "the holdout holds class 'z', which training never saw (it saw a, b); bring more rows, or leave the class out"
    )


def test_models_that_order_their_classes_differently_are_compared_class_by_class():
    other = Predictions(np.array(["b", "a"], dtype=object), np.array([[0.9, 0.1], [0.2, 0.8]]), ("b", "a"))
    found = coded(other, ("a", "b"))
    assert found.values.tolist() == [1, 0]  # noqa: PD011 - ours, not pandas'
    np.testing.assert_array_equal(found.probabilities, [[0.1, 0.9], [0.8, 0.2]])
    assert found.classes == (0, 1)


def test_models_that_know_other_classes_are_not_compared():
    other = Predictions(np.array(["a"], dtype=object), None, ("a", "c"))
    with pytest.raises(DataError, match=r"one model knows the classes \('a', 'c'\), another \('a', 'b'\)"):
        coded(other, ("a", "b"))
