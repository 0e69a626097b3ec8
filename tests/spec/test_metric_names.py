import pytest
import sklearn.metrics

from stageline.spec.metrics import METRICS, check_metric


@pytest.mark.parametrize("name", METRICS)
def test_every_name_is_scikit_learns(name):
    check_metric(name)
    assert callable(getattr(sklearn.metrics, name))


@pytest.mark.parametrize(
    ("name", "says"),
    [("mean_absolut_error", "did you mean 'mean_absolute_error'?"), ("zz", "known: accuracy_score, ")],
)
def test_unknown(name, says):
    with pytest.raises(ValueError, match="unknown metric") as caught:
        check_metric(name)
    assert says in str(caught.value)


def test_directions_agree_with_scikit_learns_scorers():
    greater = {"accuracy": "accuracy_score", "r2": "r2_score", "roc_auc": "roc_auc_score", "f1": "f1_score"}
    less = {
        "neg_mean_absolute_error": "mean_absolute_error",
        "neg_log_loss": "log_loss",
        "neg_brier_score": "brier_score_loss",
        "neg_root_mean_squared_error": "root_mean_squared_error",
    }
    names = sklearn.metrics.get_scorer_names()
    for scorer, metric in {**greater, **less}.items():
        assert scorer in names
        assert METRICS[metric].greater_is_better is (scorer in greater)
