"""The profile of a model: of what it was trained on, of what it says of it, and of how its rows hang together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.outputs import CONFIDENCE, PREDICTION, RECONSTRUCTION, outputs
from stageline.monitoring.profile import Profile, Role
from stageline.monitoring.profiling import Wanted, make_profile
from stageline.monitoring.reconstruction import find_directions

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_LEAST_WEIGHT = 0.1
_ROLES: dict[str, Role] = {
    PREDICTION: "prediction",
    CONFIDENCE: "confidence",
    RECONSTRUCTION: "reconstruction",
}


@dataclass(frozen=True)
class Trained:
    """What a model was trained on, and what it says of these rows.

    :param table: The features as they come in, before the model's own preparation.
    :param features: The columns that are watched.
    :param said: Predictions, as the table of predictions has them.
    :param held_out: Whether each row was kept from training, shape (rows,).
    :param times: Event time of each row, `datetime64[us]` in UTC, shape (rows,).
    """

    table: "pa.Table"
    features: Sequence[str]
    said: "Mapping[str, pa.Array | pa.ChunkedArray]"
    held_out: "np.ndarray"
    times: "np.ndarray | None" = None


def profile_model(trained: Trained, wanted: Wanted, *, made_from: str, name: str = "the table") -> Profile:
    """Return the profile that a model's monitoring compares with.

    On rows that trained it, a model is surer than it has a right to be: its confidence is taken from the others.

    :param wanted: Weights, window and measure; the roles are filled in here.
    :param name: How errors call the table.
    :raises DataError: A feature has the name of a watched column.
    """
    import pyarrow as pa

    if taken := sorted(_ROLES.keys() & set(trained.features)):
        raise DataError(f"feature {taken[0]!r} has the name of a column of the monitoring; rename it in the source")
    table = trained.table.select(list(trained.features))
    roles: dict[str, Role] = dict.fromkeys(trained.features, "feature")
    for output, values in outputs(trained.said).items():
        column = _only(values, trained.held_out) if output == CONFIDENCE else values
        table, roles[output] = table.append_column(output, column), _ROLES[output]
    directions = find_directions(trained.table, _numbers(trained.table, trained.features))
    if directions is not None:
        table = table.append_column(RECONSTRUCTION, pa.array(directions.errors(trained.table)))
        roles[RECONSTRUCTION] = _ROLES[RECONSTRUCTION]
    weights = _weights(trained, wanted.weights, list(roles))
    profile = make_profile(
        table, replace(wanted, roles=roles, weights=weights), made_from=made_from, times=trained.times, name=name
    )
    return profile.model_copy(update={"directions": directions})


def _weights(trained: Trained, importance: Mapping[str, float], columns: Sequence[str]) -> dict[str, float]:
    """Return a weight for each column: its importance, a tenth of the average at least, and 0 for a constant.

    What one holdout shows of a feature may be chance, so none is left out for it. A constant a model cannot use.
    """
    import pyarrow.compute as pc

    known = [importance[name] for name in trained.features if name in importance]
    mean = sum(known) / len(known) if known and sum(known) > 0 else 1.0
    weights = {name: max(importance.get(name, mean), _LEAST_WEIGHT * mean) for name in columns}
    constants = [name for name in trained.features if pc.count_distinct(trained.table[name]).as_py() <= 1]
    return {**weights, **dict.fromkeys(constants, 0.0)}


def _numbers(table: "pa.Table", names: Sequence[str]) -> list[str]:
    import pyarrow as pa

    kinds = {name: table.schema.field(name).type for name in names}
    return [name for name, kind in kinds.items() if pa.types.is_integer(kind) or pa.types.is_floating(kind)]


def _only(values: "pa.Array | pa.ChunkedArray", chosen: "np.ndarray") -> "pa.Array | pa.ChunkedArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pa.array(chosen), values, pa.scalar(None, values.type))
