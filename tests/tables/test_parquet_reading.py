import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from stageline.exceptions import SourceError
from stageline.tables.parquet_bytes import parse_parquet


def as_bytes(table, **options):
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


WHOLE = as_bytes(pa.table({"a": list(range(1_000)), "b": ["x"] * 1_000}))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WHOLE[:-1], id="one byte short"),
        pytest.param(WHOLE[: len(WHOLE) // 2], id="half"),
        pytest.param(WHOLE[:4], id="only the mark"),
        pytest.param(b"a,b\n1,2\n", id="CSV renamed"),
        pytest.param(b"PAR1" + b"\0" * 64 + b"PAR1", id="zeros between marks"),
        pytest.param(WHOLE[:60] + b"\xff" * 40 + WHOLE[100:], id="overwritten in the middle"),
    ],
)
def test_what_is_no_whole_parquet_file_is_refused(data):
    with pytest.raises(SourceError, match=r"^'f.parquet': is truncated or not a Parquet file: "):
        parse_parquet(data, "f.parquet")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["a", "b", "a"], "'f.parquet': columns 1 and 3 have the same name 'a'; rename one"),
        (["a", " ", "c"], "'f.parquet': column 2 of 3 has no name; give it one"),
        (["", "b", "c"], "'f.parquet': column 1 of 3 has no name; give it one"),
    ],
)
def test_names_are_held_to_the_same_rules_as_in_csv(names, sentence):
    data = as_bytes(pa.Table.from_arrays([pa.array([1])] * 3, names=names))
    with pytest.raises(SourceError) as refusal:
        parse_parquet(data, "f.parquet")
    assert str(refusal.value) == sentence


def test_pandas_categories_become_their_values():
    frame = pd.DataFrame({"c": pd.Categorical(["x", None, "y"]), "n": pd.Categorical([1, 2, 1])})
    file = io.BytesIO()
    frame.to_parquet(file)
    table = parse_parquet(file.getvalue(), "f.parquet").table
    assert table.to_pydict() == {"c": ["x", None, "y"], "n": [1, 2, 1]}
    assert not any(pa.types.is_dictionary(column.type) for column in table.columns)


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_nan_is_a_missing_value_as_in_csv(kind):
    values = pa.array(np.array([1.0, np.nan, np.inf], dtype=kind.to_pandas_dtype()))
    table = parse_parquet(as_bytes(pa.table({"a": values})), "f.parquet").table
    assert table["a"].to_pylist() == [1.0, None, float("inf")]


def test_a_file_without_columns_has_no_columns():
    parsed = parse_parquet(as_bytes(pa.table({})), "f.parquet")
    assert (parsed.table.num_columns, parsed.rejected) == (0, ())
