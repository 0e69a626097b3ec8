"""Data 3: what each feature takes to be read and prepared."""

import statistics
import time
from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.trained import Trained

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_TIMES = 3
_THOUSAND = 1_000
_MILLISECONDS = 1_000


def run(run: "RunContext") -> Finding:
    """Read each feature from the stored snapshot and prepare it, three times each; the median counts."""
    from deltalake import DeltaTable

    from stageline.features import model_frame

    trained = Trained.newest(run)
    about = trained.features["snapshot"]
    rows = trained.snapshot.num_rows
    stored = DeltaTable(about["table"], version=about["version"])
    limit, cost = run.spec.readiness.max_feature_ms, {}
    for kind in ("numeric", "categorical"):
        for name in trained.features[kind]:
            took = []
            for _ in range(_TIMES):
                begun = time.perf_counter()
                model_frame(
                    stored.to_pyarrow_table(columns=[name]), *([[name], []] if kind == "numeric" else [[], [name]])
                )
                took.append(time.perf_counter() - begun)
            cost[name] = statistics.median(took) * _MILLISECONDS * _THOUSAND / rows
    dearest = max(cost, key=cost.__getitem__)
    parts = [
        (name, held(value <= limit), f"{name!r}: {value:.3g} ms for 1,000 rows, limit {limit:g}")
        for name, value in cost.items()
    ]
    above = [name for name, value in cost.items() if value > limit]
    sentence = (
        f"{len(above)} of {len(cost)} features take more than {limit:g} ms for 1,000 rows: "
        f"{', '.join(map(repr, above))}; leave them out (features.exclude) or raise readiness.max_feature_ms"
        if above
        else f"the dearest of {len(cost)} features, {dearest!r}, takes {cost[dearest]:.3g} ms for 1,000 rows "
        f"(limit {limit:g})"
    )
    return Finding(sentence, parts, {"milliseconds_per_1000": cost}, n=rows)
