"""Data that no model can be trained on: refused with a sentence, before anything is written anywhere."""

import io

import pytest
from small_project import write_spec

from stageline.operators import DataQualityOperator, GateFailed

SOURCE = '{uri: "data/small.csv"}'
CLASSES = "{column: y, task: classification}"
ACCURACY = "{metric: accuracy_score, min: 0.5}"
LOGISTIC = "{estimator: sklearn.linear_model.LogisticRegression}"


def table(header, *columns, rows=40):
    """Return CSV bytes: each column a function of the row's number."""
    lines = [header, *(",".join(str(column(i)) for column in columns) for i in range(rows))]
    return ("\n".join(lines) + "\n").encode()


def number(i):
    return i * 7 % 13


def same(_):
    return 4


def nothing(_):
    return ""


def label(_):
    return "yes"


def truncated_parquet():
    import pyarrow as pa
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pa.table({"x": list(range(100)), "y": list(range(100))}), buffer)
    return buffer.getvalue()[:-20]


def times(i):
    return f"2026-01-01T{i % 24:02}:00:00{'+01:00' if i == 3 else ''}"


GOOD = table("x,y", number, number)
CASES = {
    "missing file": (None, {}, "'data/small.csv': there is no such file"),
    "missing folder": (GOOD, {"source": "{uri: nowhere/small.csv}"}, "'nowhere/small.csv': there is no such file"),
    "empty file": (b"", {}, "'data/small.csv': the file is empty (0 bytes)"),
    "only a byte order mark": (b"\xef\xbb\xbf", {}, "'data/small.csv'"),
    "header only": (b"x,y\n", {}, "but no rows"),
    "binary": (b"x,y\n\x00\x01\x02\n", {}, "holds a zero byte at offset 4"),
    "UTF-16": ("x,y\n1,2\n".encode("utf-16"), {}, "is UTF-16; save it as UTF-8"),
    "mixed encodings": (
        GOOD + "ü,1\n".encode() + "ü,2\n".encode("latin-1"),
        {},
        f"byte 0xfc at offset {len(GOOD) + 5:,} (line 43) is not UTF-8",
    ),
    "truncated Parquet": (
        truncated_parquet,
        {"source": "{uri: data/small.parquet}"},
        "'data/small.parquet': is truncated or not a Parquet file",
    ),
    "unknown type of file": (GOOD, {"source": "{uri: data/small.xlsx}"}, "unknown file type '.xlsx'"),
    "duplicate column names": (table("x,y,x", number, number, number), {}, "have the same name 'x'"),
    "blank column name": (table("x,,y", number, number, number), {}, "column 2 of 3 has no name"),
    "missing target": (table("x,z", number, number), {}, "column 'y' (target.column) is missing"),
    "missing key": (GOOD, {"source": "{uri: data/small.csv, keys: [id]}"}, "column 'id' (source.keys) is missing"),
    "too few rows": (table("x,y", number, number, rows=5), {}, "has 5 row(s)"),
    "constant target": (table("x,y", number, same), {}, "target 'y' is constant: 4 in every row"),
    "null target": (table("x,y", number, nothing), {}, "target 'y' is null in every row"),
    "single class": (
        table("x,y", number, label),
        {"target": CLASSES, "kpi": ACCURACY, "train": LOGISTIC},
        "target 'y' is a single class: 'yes' in every row",
    ),
    "texts to regress on": (table("x,y", number, lambda i: f"t{i}"), {}, "regression needs numbers"),
    "null column": (table("x,y,z", number, number, nothing), {}, "column 'z' is null in every row"),
    "integers that lose digits": (table("x,y", lambda i: 2**53 + 2 * i + 1, number), {}, "above 2^53"),
    "mixed time zones": (
        table("t,x,y", times, number, number),
        {"source": "{uri: data/small.csv, event_time: t}"},
        "mixes times with and without a time zone: row 4 has '2026-01-01T03:00:00+01:00'",
    ),
    "no time": (
        table("t,x,y", lambda i: "soon" if i == 7 else f"2026-01-{i % 28 + 1:02}", number, number),
        {"source": "{uri: data/small.csv, event_time: t}"},
        "row 8 has 'soon'",
    ),
    "unknown dataset": (GOOD, {"source": '{uri: "sklearn://titanic"}'}, "unknown dataset"),
    "unknown estimator": (GOOD, {"train": "{estimator: sklearn.linear_model.Rigde}"}, "did you mean"),
    "unknown parameter": (
        GOOD,
        {"train": "{estimator: sklearn.linear_model.Ridge, params: {alhpa: 1}}"},
        "did you mean 'alpha'?",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_refused_before_anything_is_written(stores, execute, case):
    content, changes, sentence = CASES[case]
    data = stores.project / "data/small.csv"
    data.unlink()
    if content is not None:
        name = "small.parquet" if callable(content) else "small.xlsx" if "xlsx" in str(changes) else "small.csv"
        data.with_name(name).write_bytes(content() if callable(content) else content)
    write_spec(stores.project, **changes)

    with pytest.raises(GateFailed) as refused:
        execute(DataQualityOperator)

    assert str(refused.value).startswith("quality errored: ")
    assert sentence in str(refused.value)
    (record,) = stores.records()
    assert (record.step, record.verdict) == ("quality", "errored")
    assert sentence in record.sentence
    assert stores.mlflow_runs() == []
    assert stores.snapshots() == 0
