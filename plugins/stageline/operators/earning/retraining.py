"""Infrastructure 1: the newest model is fitted again, and says the same."""

from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.trained import Trained

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

# As close as threads that add numbers in another order allow.
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12


def run(run: "RunContext") -> Finding:
    """Fit the spec's estimator on the recorded snapshot and compare it with the stored model on the holdout."""
    import numpy as np

    trained = Trained.newest(run)
    rows = trained.rows("holdout")
    stored = trained.ask(trained.stored("model")["model"], rows.features)
    again = trained.ask(trained.fit(trained.rows("train")), rows.features)
    if stored.probabilities is not None and again.probabilities is not None:
        same = np.isclose(stored.probabilities, again.probabilities, rtol=_RELATIVE, atol=_ABSOLUTE).all(axis=1)
    elif stored.classes:
        same = np.asarray(stored.values == again.values)
    else:
        same = np.isclose(stored.values, again.values, rtol=_RELATIVE, atol=_ABSOLUTE)
    differ, n = int((~same).sum()), len(rows.target)
    version = trained.features["snapshot"]["version"]
    sentence = (
        f"fitted again on snapshot {version}, {differ:,} of {n:,} predictions differ from the stored model's: fix "
        "train.seed and the library versions, or train again if the spec changed"
        if differ
        else f"fitted again on snapshot {version}, all {n:,} predictions are those of the stored model"
    )
    return Finding(sentence, [("same_predictions", held(not differ), sentence)], {"differ": differ}, n=n)
