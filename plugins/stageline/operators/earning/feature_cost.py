"""Data 3: what each feature takes to be read and prepared."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.trained import Trained

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext

_TIMES = 5
_ROWS = 1_000
_MILLISECONDS = 1_000


def run(run: "RunContext") -> Finding:
    """Read 1,000 rows of each feature from a file as the snapshot's and prepare them; the median of five counts."""
    trained = Trained.newest(run, fits=False)
    limit, numeric = run.spec.readiness.max_feature_ms, trained.features["numeric"]
    names = [*numeric, *trained.features["categorical"]]
    cost = _costs(trained.snapshot, names, frozenset(numeric))
    dearest = max(cost, key=cost.__getitem__)
    parts = [
        (name, held(value <= limit), f"{name!r}: {value:.3g} ms for {_ROWS:,} rows, limit {limit:g}")
        for name, value in cost.items()
    ]
    above = [name for name, value in cost.items() if value > limit]
    sentence = (
        f"{len(above)} of {len(cost)} features take more than {limit:g} ms of computing for {_ROWS:,} rows: "
        f"{', '.join(map(repr, above))}; leave them out (features.exclude) or raise readiness.max_feature_ms"
        if above
        else f"the dearest of {len(cost)} features, {dearest!r}, takes {cost[dearest]:.3g} ms of computing for "
        f"{_ROWS:,} rows (limit {limit:g})"
    )
    return Finding(sentence, parts, {"milliseconds_per_1000": cost}, n=_ROWS)


def _costs(table: "pa.Table", names: Sequence[str], numeric: frozenset[str]) -> dict[str, float]:
    """Return what each feature costs in ms for 1,000 rows, opening the file included.

    Exactly 1,000 rows are read: what it takes to open a file must not be multiplied where a snapshot has fewer.
    """
    import numpy as np
    import pyarrow.parquet as pq

    places = np.linspace(0, table.num_rows, _ROWS, endpoint=False).astype(int)
    with tempfile.TemporaryDirectory(prefix="stageline-cost-") as scratch:
        file = Path(scratch) / "rows.parquet"
        # In one piece: a row taken twice must not make a text column of many chunks.
        pq.write_table(table.select(list(names)).take(places).combine_chunks(), file)
        return {name: _cost(file, name, is_number=name in numeric) for name in names}


def _cost(file: Path, name: str, *, is_number: bool) -> float:
    import pyarrow.parquet as pq

    from stageline.features import model_frame

    numeric, categorical = ([name], []) if is_number else ([], [name])
    took = []
    for _ in range(_TIMES + 1):
        # This thread's own time: what else the machine does at the moment is no cost of the feature.
        begun = time.thread_time()
        model_frame(pq.read_table(file, columns=[name], use_threads=False), numeric, categorical)
        took.append(time.thread_time() - begun)
    # The first reading loads code, too.
    return statistics.median(took[1:]) * _MILLISECONDS
