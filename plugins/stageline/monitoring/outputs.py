"""What a model said of rows, as columns that are watched: its prediction, and how sure it was."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

# No table has such a column by chance, and they sort together.
PREDICTION, CONFIDENCE, RECONSTRUCTION = "model.prediction", "model.confidence", "model.reconstruction"


def outputs(said: "Mapping[str, pa.Array | pa.ChunkedArray]") -> "dict[str, pa.Array | pa.ChunkedArray]":
    """Return the watched columns of predictions.

    Confidence is the width of the bounds, or the probability of the class that was predicted.

    :param said: Columns as the table of predictions has them: `prediction`, and where the model gives them `lower`
        and `upper`, `probability` (of one of two classes) or `probabilities` (a map).
    """
    import pyarrow as pa

    prediction = said["prediction"]
    number = pa.types.is_floating(prediction.type)
    found = {PREDICTION: prediction if number else prediction.cast(pa.string())}
    confidence = _width(said) if number else _probability(said)
    return found if confidence is None else {**found, CONFIDENCE: confidence}


def _width(said: "Mapping[str, pa.Array | pa.ChunkedArray]") -> "pa.Array | pa.ChunkedArray | None":
    import pyarrow.compute as pc

    if "lower" not in said or said["lower"].null_count == len(said["lower"]):
        return None
    return pc.subtract(said["upper"], said["lower"])


def _probability(said: "Mapping[str, pa.Array | pa.ChunkedArray]") -> "pa.Array | pa.ChunkedArray | None":
    import pyarrow as pa
    import pyarrow.compute as pc

    one = said.get("probability")
    if one is not None and one.null_count < len(one):
        return pc.max_element_wise(one, pc.subtract(1.0, one))
    several = said.get("probabilities")
    if several is None or several.null_count == len(several):
        return None
    largest = [max((share for _, share in row), default=None) if row else None for row in several.to_pylist()]
    return pa.array(largest, pa.float64())
