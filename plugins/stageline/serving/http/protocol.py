"""MLflow's scoring protocol: a request's body becomes columns of values, predictions become a body."""

import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from stageline.serving.http.refused import BAD_REQUEST, RefusedRequest

if TYPE_CHECKING:
    import pandas as pd

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
_SPLIT_KEYS = frozenset({"columns", "data", "index"})


@dataclass(frozen=True)
class AskedRows:
    """The rows of a request.

    :param columns: Values by column, each of the same length.
    """

    columns: Mapping[str, Sequence[Any]]
    count: int

    def only(self, places: Sequence[int]) -> "AskedRows":
        """Return the rows at some places."""
        return AskedRows({name: [values[at] for at in places] for name, values in self.columns.items()}, len(places))


def parse(body: bytes, content_type: str, texts: Collection[str] = ()) -> AskedRows:
    """Read a request as MLflow's server does.

    :param texts: Columns of texts, for formats that cannot tell `7` from `"7"`.
    :raises RefusedRequest: It holds no rows that can be read.
    """
    kind, _, parameters = content_type.partition(";")
    _require_utf8(parameters)
    kind = kind.strip().lower()
    if kind not in _READERS:
        known = ", ".join(_READERS)
        raise RefusedRequest(415, BAD_REQUEST, f"content type {kind[:80]!r} is not one of {known}")
    rows = _READERS[kind](body, texts)
    if not rows.count:
        raise _malformed("it holds no row")
    return rows


def as_body(predictions: Sequence[Any]) -> bytes:
    """Return predictions as MLflow's server says them.

    :raises ValueError: One is not finite.
    """
    return json.dumps({"predictions": predictions}, allow_nan=False).encode()


def _malformed(what: str) -> RefusedRequest:
    return RefusedRequest(400, BAD_REQUEST, f"the request cannot be read: {what}")


def _require_utf8(parameters: str) -> None:
    for pair in filter(None, (part.strip() for part in parameters.split(";"))):
        name, _, value = pair.partition("=")
        if name.strip().lower() != "charset":
            raise RefusedRequest(
                415, BAD_REQUEST, f"content type parameter {name[:80]!r} is not known; only charset is"
            )
        if value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise RefusedRequest(415, BAD_REQUEST, "the scoring server only supports UTF-8")


def _of_json(body: bytes, _: Collection[str]) -> AskedRows:
    try:
        held = json.loads(body)
    except (ValueError, RecursionError) as error:
        # The error's own words quote the body.
        raise _malformed(f"it is no valid JSON ({type(error).__name__})") from None
    fields = [name for name in _FORMATS if name in held] if isinstance(held, dict) else []
    if len(fields) != 1:
        found = f"a dictionary with {len(fields)} of them" if isinstance(held, dict) else f"a {type(held).__name__}"
        raise _malformed(
            f"the input must be a JSON dictionary with exactly one of the input fields {', '.join(_FORMATS)}; found "
            f"{found}"
        )
    name = fields[0]
    return _FORMATS[name](held[name], name)


def _of_split(held: Any, name: str) -> AskedRows:
    if not isinstance(held, dict) or "data" not in held or held.keys() - _SPLIT_KEYS:
        raise _malformed(f"{name} must be a dictionary of 'columns' and 'data', and 'index' if wanted")
    names, data = held.get("columns"), held["data"]
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise _malformed(f"{name} needs 'columns', a list of names: the model's inputs have names")
    if len({*names}) < len(names):
        raise _malformed(f"{name} names a column twice")
    if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        raise _malformed(f"{name} needs 'data', a list of lists, one a row")
    wide = max(map(len, data), default=len(names))
    if wide != len(names):
        raise _malformed(f"{name} has {len(names)} columns, but a row of {wide} values")
    return AskedRows(dict(zip(names, map(list, zip_longest(*data)), strict=False)), len(data))


def _of_records(held: Any, name: str) -> AskedRows:
    if not isinstance(held, list) or not all(isinstance(row, dict) for row in held):
        raise _malformed(f"{name} must be a list of dictionaries, one a row: the model's inputs have names")
    names = dict.fromkeys(each for row in held for each in row)
    return AskedRows({each: [row.get(each) for row in held] for each in names}, len(held))


def _of_inputs(held: Any, name: str) -> AskedRows:
    if isinstance(held, list):
        return _of_records(held, name)
    if not isinstance(held, dict):
        raise _malformed(f"{name} must be a dictionary of columns, or a list of dictionaries")
    columns = {each: values if isinstance(values, list) else [values] for each, values in held.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise _malformed(f"the columns of {name} differ in length: {min(lengths)} to {max(lengths)} values")
    return AskedRows(columns, max(lengths, default=0))


_FORMATS: dict[str, Callable[[Any, str], AskedRows]] = {
    "dataframe_split": _of_split,
    "dataframe_records": _of_records,
    "instances": _of_records,
    "inputs": _of_inputs,
}


def _of_csv(body: bytes, texts: Collection[str]) -> AskedRows:
    import pandas as pd

    try:
        # As MLflow's server reads it: what a schema calls a text is one, whatever it looks like.
        return _of_frame(pd.read_csv(io.StringIO(body.decode()), dtype=dict.fromkeys(texts, object)))
    except (ValueError, OverflowError) as error:
        raise _malformed(f"it is no CSV as pandas.DataFrame.to_csv() writes it ({type(error).__name__})") from None


def _of_parquet(body: bytes, _: Collection[str]) -> AskedRows:
    import pandas as pd
    import pyarrow as pa

    try:
        return _of_frame(pd.read_parquet(io.BytesIO(body)))
    except (ValueError, OSError, pa.ArrowException) as error:
        raise _malformed(
            f"it is no Parquet as pandas.DataFrame.to_parquet() writes it ({type(error).__name__})"
        ) from None


def _of_frame(frame: "pd.DataFrame") -> AskedRows:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    if len({*table.column_names}) < len(table.column_names):
        raise _malformed("it names a column twice")
    return AskedRows({name: table[name].to_pylist() for name in table.column_names}, table.num_rows)


_READERS: dict[str, Callable[[bytes, Collection[str]], AskedRows]] = {
    JSON: _of_json,
    CSV: _of_csv,
    PARQUET: _of_parquet,
}


def joined(rows: Iterable[AskedRows], names: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values of several requests' columns, one request after the other."""
    each = list(rows)
    return {name: [value for one in each for value in one.columns[name]] for name in names}
