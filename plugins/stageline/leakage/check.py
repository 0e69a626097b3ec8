"""Whether what the model sees gives the target away."""

from typing import TYPE_CHECKING

from stageline.leakage.leaks import find_leaks
from stageline.spec.models import PipelineSpec
from stageline.tables import feature_columns
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

LEAK = "SL-Q015"


def check_leaks(table: "pa.Table", spec: PipelineSpec) -> list[Check]:
    """Return a failure for each leak among the features, or one check that passed; none without a target."""
    target = spec.target.column
    if target not in table.column_names or not table.num_rows:
        return []
    features = [column for column in feature_columns(table, spec) if column not in spec.features.known_before]
    apart = set(table.column_names) - {*features, target}
    leaks = find_leaks(table, target, apart=apart, task=spec.target.task)
    if not leaks:
        return [
            Check(
                code=LEAK, name="no_leak", verdict=Verdict.PASSED, n=table.num_rows, value=0, limit=0,
                message=f"none of {len(features)} features gives {target!r} away, nor does a sum or product of them",
            )
        ]  # fmt: skip
    return [
        Check(
            code=LEAK, name=f"no_leak({', '.join(leak.columns)})", verdict=Verdict.FAILED, n=table.num_rows,
            value=leak.strength,
            message=f"{leak.sentence}; list {' and '.join(map(repr, leak.columns))} in features.exclude, or show "
            "that it is known before the prediction is made and list it in features.known_before",
        )
        for leak in leaks
    ]  # fmt: skip
