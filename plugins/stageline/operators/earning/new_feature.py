"""Data 6: a new column becomes a feature of a fitted and evaluated model, and the clock says how long that takes."""

import time
from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.raw_rows import raw_rows
from stageline.operators.earning.trained import Trained

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_NEW = "stageline_new_feature"
_MOST_SECONDS = 3_600.0


def run(run: "RunContext") -> Finding:
    """Add a column to a copy of the rows, build, fit and evaluate; nothing is stored."""
    import numpy as np
    import pyarrow as pa

    from stageline.features import build_features
    from stageline.operators.stored_rows import part_of, rows_of

    trained = Trained.newest(run)
    raw = raw_rows(trained)
    begun = time.perf_counter()
    values = np.random.default_rng(run.spec.train.seed).normal(size=raw.num_rows)
    built = build_features(raw.append_column(_NEW, pa.array(values)), run.spec)
    evidence = {"numeric": built.numeric, "categorical": built.categorical}
    training, table = part_of(built.table, "train"), part_of(built.table, "holdout")
    model = trained.fit(rows_of(run, training, evidence))
    rows = rows_of(run, table, evidence)
    said = trained.ask(model, rows.features)
    kpi = trained.contest(table, rows.target, said, said).value_of("candidate")
    seconds = time.perf_counter() - begun
    is_seen = _NEW in rows.features.columns
    metric = run.spec.kpi.metric
    parts = [
        ("new_column", held(is_seen), f"the new column is {'a' if is_seen else 'no'} feature of the model"),
        (
            "time", held(seconds <= _MOST_SECONDS),
            f"from a table with one column more to its {metric} ({kpi:.4g}) in {seconds:.1f} s",
        ),
    ]  # fmt: skip
    sentence = f"a new column was a feature of an evaluated model after {seconds:.1f} s, without a line of code"
    return Finding(sentence if is_seen else parts[0][2], parts, {"seconds": round(seconds, 3)}, n=raw.num_rows)
