import numpy as np
import pytest
from scoring import Weighted, case, rows_of

from stageline.exceptions import DataError


def test_two_classes_have_the_probability_of_the_positive_one(tmp_path):
    trained = case(tmp_path, task="classification", column="open", target={"positive": True})
    trained.score(rows_of(0, 50))
    first = trained.read()[0]
    assert isinstance(first["prediction"], bool)
    assert first["probabilities"] is None
    assert 0 < first["probability"] < 1
    other = case(tmp_path, task="classification", column="open", target={"positive": False})
    other.score(rows_of(0, 50), partition="other")
    assert other.read("other")[0]["probability"] == pytest.approx(1 - first["probability"])


@pytest.mark.parametrize("labels", [("a", "b", "c"), (1, 2, 3), (0.0, 1.0, 2.0)])
def test_more_classes_have_a_probability_each(tmp_path, labels):
    from pipeline_specs import spec_of

    from stageline.features import model_frame
    from stageline.serving import Oracle
    from stageline.training import TrainingRows, fit_model

    trained = case(tmp_path)
    table, names = trained.features.table, (trained.features.numeric, trained.features.categorical)
    kind = object if isinstance(labels[0], str) else None
    classes = np.array([labels[row % 3] for row in range(table.num_rows)], dtype=kind)
    rows = TrainingRows(model_frame(table, *names), classes, *names)
    model = fit_model(rows, spec_of("classification"))
    trained.score(rows_of(0, 5), oracle=Oracle(model, classify=True))
    for row in trained.read():
        assert [label for label, _ in row["probabilities"]] == [str(one) for one in labels]
        assert sum(share for _, share in row["probabilities"]) == pytest.approx(1)
        assert type(row["prediction"]) is type(labels[0])
        assert str(row["prediction"]) == max(row["probabilities"], key=lambda pair: pair[1])[0]
        assert row["probability"] is None


def test_a_model_that_gives_a_standard_deviation_has_bounds(tmp_path):
    trained = case(tmp_path, train={"estimator": "sklearn.linear_model.BayesianRidge"})
    scored = trained.score(rows_of(0, 40))
    assert scored.bounds == "return_std"
    for row in trained.read():
        assert row["lower"] < row["prediction"] < row["upper"]
        assert row["prediction"] - row["lower"] == pytest.approx(row["upper"] - row["prediction"])


class Bounded(Weighted):
    def __init__(self, low, high):
        self.low, self.high = low, high

    def predict_interval(self, frame):
        values = self.predict(frame)
        return values, np.stack([values + self.low, values + self.high], axis=1)[:, :, None]


def test_a_model_with_predict_interval_has_its_bounds(tmp_path):
    trained = case(tmp_path, model=Bounded(-1, 2))
    assert trained.score(rows_of(0, 20)).bounds == "predict_interval"
    for row in trained.read():
        assert (row["lower"], row["upper"]) == (row["prediction"] - 1, row["prediction"] + 2)


@pytest.mark.parametrize(("low", "high"), [(1, -1), (np.nan, 1), (0, np.inf)])
def test_bounds_that_are_none_refuse_all(tmp_path, low, high):
    trained = case(tmp_path, model=Bounded(low, high))
    with pytest.raises(DataError, match=r"bounds are not finite or the wrong way round in 20 row\(s\), first in row 1"):
        trained.score(rows_of(0, 20))
    assert trained.read() == []


def test_other_models_have_none(tmp_path):
    trained = case(tmp_path)
    assert trained.score(rows_of(0, 20)).bounds is None
    assert {row["lower"] for row in trained.read()} == {None}
