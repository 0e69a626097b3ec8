"""Infrastructure 2: the model's specification as a unit under test, on a few of its own rows."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SpecError
from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.trained import Trained
from stageline.operators.quiet import quiet_search

if TYPE_CHECKING:
    from stageline.evaluation import Predictions
    from stageline.operators.run_context import RunContext

_ROWS = 200
_SINGLE = 10
_CLOSE = 1e-6
_UNKNOWN = "stageline_no_such_parameter"


def run(run: "RunContext") -> Finding:
    """Fit on a few rows: it learns, it survives storing, it answers single rows, and a wrong parameter is refused."""
    import numpy as np

    from stageline.training import fit_baselines, load_model, save_model

    trained = Trained.newest(run)
    table = trained.part("train")
    places = np.unique(np.linspace(0, table.num_rows - 1, min(_ROWS, table.num_rows)).astype(int))
    few = table.take(places)
    rows = trained.rows_of(few)
    model = trained.fit(rows)
    said = trained.ask(model, rows.features)
    dummy = trained.ask(fit_baselines(rows, run.spec)["dummy"], rows.features)
    gain = trained.contest(few, rows.target, said, dummy).compare().improvement.value
    with tempfile.TemporaryDirectory() as folder, quiet_search():
        path = Path(folder) / "model.skops"
        digest = save_model(model, path, trusted_types=run.settings.trusted_types)
        loaded = load_model(path, digest=digest, trusted_types=run.settings.trusted_types)
    stored = _same(trained.ask(loaded, rows.features), said)
    single = all(
        _same(trained.ask(model, rows.features.iloc[[place]]), said.only(np.arange(len(rows.target)) == place))
        for place in range(min(_SINGLE, len(rows.target)))
    )
    refused = _refused(trained)
    parts = [
        ("learns", held(gain > 0), f"on its own {len(rows.target)} rows it is better than the constant by {gain:.4g}"),
        (
            "stored",
            held(stored),
            f"after it was stored and loaded, it says {'the same' if stored else 'something else'}",
        ),
        ("single_rows", held(single), f"asked row by row, it says {'the same' if single else 'something else'}"),
        ("wrong_parameter", held(bool(refused)), refused or "a parameter that does not exist is not refused"),
    ]
    bad = [text for _, verdict, text in parts if not verdict.advances]
    sentence = (
        bad[0]
        if bad
        else f"{len(parts)} of {len(parts)} tests of {run.spec.train.estimator} passed on {len(rows.target)} rows"
    )
    return Finding(sentence, parts, n=len(rows.target))


def _same(one: "Predictions", other: "Predictions") -> bool:
    import numpy as np

    if one.probabilities is not None and other.probabilities is not None:
        return bool(np.allclose(one.probabilities, other.probabilities, rtol=_CLOSE, atol=_CLOSE))
    if one.classes:
        return bool((one.values == other.values).all())
    return bool(np.allclose(one.values, other.values, rtol=_CLOSE, atol=_CLOSE))


def _refused(trained: Trained) -> str:
    wrong: dict[str, Any] = {_UNKNOWN: 1}
    try:
        trained.fit(trained.rows("train"), **wrong)
    except SpecError as error:
        return f"a wrong parameter is refused: {error}"
    return ""
