"""A request is answered as MLflow's own server answers it, but for stack traces and what is not finite."""

import io
import json
import math
import warnings

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server
from served_project import rows_of

from stageline.features import model_frame
from stageline.serving.http.protocol import AskedRows, as_body, joined, parse
from stageline.serving.http.refused import RefusedRequest

FRAME = pd.DataFrame({"x": [1.0, 2.5, 40.0], "salary": [100.0, 0.0, 7.0], "colour": ["red", "blue", "pink"]})
SPLIT = FRAME.to_dict(orient="split")
RECORDS = FRAME.to_dict(orient="records")


def json_of(payload):
    return json.dumps(payload).encode(), "application/json"


def parquet_of(frame):
    held = io.BytesIO()
    frame.to_parquet(held)
    return held.getvalue()


ANSWERED = {
    "split": json_of({"dataframe_split": SPLIT}),
    "split without an index": json_of({"dataframe_split": {key: SPLIT[key] for key in ("columns", "data")}}),
    "other order": json_of({"dataframe_split": FRAME[["colour", "x", "salary"]].to_dict(orient="split")}),
    "one row": json_of({"dataframe_split": FRAME[:1].to_dict(orient="split")}),
    "a column more": json_of({"dataframe_split": FRAME.assign(more=1).to_dict(orient="split")}),
    "records": json_of({"dataframe_records": RECORDS}),
    "whole numbers": json_of({"dataframe_records": [{"x": 1, "salary": 2, "colour": "red"}]}),
    "instances": json_of({"instances": RECORDS}),
    "inputs by column": json_of({"inputs": FRAME.to_dict(orient="list")}),
    "inputs by row": json_of({"inputs": RECORDS}),
    "one row of inputs": json_of({"inputs": {"x": 1.0, "salary": 2.0, "colour": "red"}}),
    "a number for a text": json_of({"dataframe_records": [{"x": 1.0, "salary": 1.0, "colour": 7.0}]}),
    "parameters": json_of({"dataframe_split": SPLIT, "params": {}}),
    "charset": (json_of({"dataframe_split": SPLIT})[0], "application/json; charset=utf-8"),
    "csv": (FRAME.to_csv(index=False).encode(), "text/csv"),
    "parquet": (parquet_of(FRAME), "application/vnd.apache.parquet"),
}
REFUSED = {
    "no JSON": (b'{"dataframe_split": secret', "application/json"),
    "a list": json_of(RECORDS),
    "a number": json_of(7),
    "two formats": json_of({"dataframe_split": SPLIT, "inputs": {}}),
    "no format": json_of({"rows": RECORDS}),
    "no UTF-8": (b'{"dataframe_split": "\xff"}', "application/json"),
    "nested too deeply": (b'{"inputs": ' + b"[" * 100_000, "application/json"),
    "split of a list": json_of({"dataframe_split": RECORDS}),
    "split without data": json_of({"dataframe_split": {"columns": ["x"]}}),
    "split with more": json_of({"dataframe_split": {**SPLIT, "more": 1}}),
    "split with a long row": json_of({"dataframe_split": {"columns": ["x"], "data": [[1, 2]]}}),
    "records of a dictionary": json_of({"dataframe_records": FRAME.to_dict(orient="list")}),
    "columns of other lengths": json_of({"inputs": {"x": [1.0, 2.0], "salary": [1.0], "colour": ["red"]}}),
    "a column is missing": json_of({"dataframe_split": FRAME[["x", "colour"]].to_dict(orient="split")}),
    "no names": json_of({"dataframe_split": {"data": [[1.0, 2.0, "red"]]}}),
    "rows without names": json_of({"inputs": [[1.0, 2.0, "red"]]}),
    "a text for a number": json_of({"dataframe_records": [{"x": "secret", "salary": 1.0, "colour": "red"}]}),
    "a list for a text": json_of({"dataframe_records": [{"x": 1.0, "salary": 1.0, "colour": ["red"]}]}),
    "no row": json_of({"dataframe_split": {"columns": ["x", "salary", "colour"], "data": []}}),
    "empty csv": (b"", "text/csv"),
    "csv with a text for a number": (b"x,salary,colour\nsecret,1,red\n", "text/csv"),
    "no parquet": (b"secret", "application/vnd.apache.parquet"),
    "another type": (b"secret", "application/xml"),
    "another charset": (b"{}", "application/json; charset=latin-1"),
    "another parameter": (b"{}", "application/json; version=2"),
    "no type": (b"{}", ""),
}


@pytest.fixture(scope="module")
def pyfunc(served, tmp_path_factory):
    """Give the model in use as MLflow loads it."""
    import mlflow.pyfunc
    import mlflow.sklearn

    path = tmp_path_factory.mktemp("pyfunc") / "model"
    model, frame = served.fitted[1], model_frame(rows_of(0, 50), ("x", "salary"), ("colour",))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model, str(path), signature=mlflow.models.infer_signature(frame, model.predict(frame)),
            pip_requirements=["scikit-learn"], serialization_format="cloudpickle",
        )  # fmt: skip
        return mlflow.pyfunc.load_model(str(path))


def mlflow_says(pyfunc, body, kind):
    """Return status and body of MLflow's server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            said = scoring_server.invocations(body, kind, pyfunc, pyfunc.metadata.get_input_schema())
        except MlflowException as error:
            return error.get_http_status_code(), error.serialize_as_json()
    return said.status, said.response


def post(server, body, kind):
    return server.client.post(f"{server.url}/invocations", content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("case", ANSWERED)
def test_what_mlflow_answers_is_answered_with_the_same_words(server, pyfunc, case):
    body, kind = ANSWERED[case]
    status, said = mlflow_says(pyfunc, body, kind)
    answer = post(server, body, kind)
    assert (
        (answer.status_code, answer.headers["content-type"])
        == (status, "application/json")
        == (200, "application/json")
    )
    # A batch may sum in another order: the last digit may differ.
    assert answer.json()["predictions"] == pytest.approx(json.loads(said)["predictions"], rel=1e-12)
    assert len(answer.text) == pytest.approx(len(said), abs=3 * len(answer.json()["predictions"]))


@pytest.mark.parametrize("case", REFUSED)
def test_what_mlflow_refuses_is_refused_with_the_same_status_and_without_a_value(server, pyfunc, case):
    body, kind = REFUSED[case]
    answer = post(server, body, kind)
    if case not in ("nested too deeply", "no type"):  # these end in a 500 there
        assert answer.status_code == mlflow_says(pyfunc, body, kind)[0]
    assert answer.status_code in (400, 415)
    said = answer.json()
    assert said.keys() == {"error_code", "message"}
    assert "secret" not in answer.text


def test_a_feature_that_no_model_takes_is_refused_with_its_row(server):
    for value, words in ((math.inf, "is infinite"), (2.0**60, "would lose digits")):
        rows = [{**RECORDS[0]}, {**RECORDS[1], "x": value}]
        answer = post(server, *json_of({"dataframe_records": rows}))
        assert answer.status_code == 400
        assert words in answer.json()["message"]
        assert "first row 2" in answer.json()["message"]


def test_what_is_null_is_what_the_model_was_trained_to_take(served, server):
    answer = post(server, *json_of({"dataframe_records": [{"x": None, "salary": math.nan, "colour": None}]}))
    frame = pd.DataFrame({"x": [math.nan], "salary": [math.nan], "colour": pd.Series([None], dtype=object)})
    assert answer.json()["predictions"] == pytest.approx(served.fitted[1].predict(frame).tolist())


def test_a_call_with_keys_and_time_is_logged_with_them_and_without_what_is_private(served, server):
    server.flush()
    row = {"id": 123_456, "at": "2026-03-01T06:00:00", "x": 5, "salary": 9.0, "colour": "red"}
    answer = post(server, *json_of({"dataframe_records": [row]}))
    server.flush()
    (logged,) = [each for each in served.logged() if each["id"] == 123_456]
    assert (logged["x"], logged["colour"], logged["prediction"]) == (5.0, "red", answer.json()["predictions"][0])
    assert (f"{logged['at']}", logged["arm"], logged["error"], logged["model_version"]) == (
        "2026-03-01 06:00:00",
        "champion",
        None,
        1,
    )
    assert logged["request_id"] == answer.headers["x-stageline-request-id"]
    assert "salary" not in logged


@pytest.mark.parametrize(
    "wrong",
    [{"id": "seven"}, {"id": 1.5}, {"at": "soon"}, {"at": 12}, {"at": None}, {"at": "2026-03-01T06:00:00+01:00"}],
)
def test_a_key_or_a_time_of_another_kind_is_refused(server, wrong):
    row = {"id": 1, "at": "2026-03-01T06:00:00", "x": 5, "salary": 9.0, "colour": "red", **wrong}
    answer = post(server, *json_of({"dataframe_records": [row]}))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert "seven" not in answer.text


VALUES = st.none() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=3) | st.booleans()
NAMES = st.lists(st.sampled_from("abcd"), unique=True, min_size=1)


@given(
    NAMES.flatmap(
        lambda names: st.lists(st.lists(VALUES, min_size=len(names), max_size=len(names)), min_size=1, max_size=4).map(
            lambda data: (names, data)
        )
    )
)
def test_the_formats_say_the_same_of_the_same_rows(drawn):
    names, data = drawn
    columns = {name: [row[at] for row in data] for at, name in enumerate(names)}
    records = [dict(zip(names, row, strict=True)) for row in data]
    for payload in (
        {"dataframe_split": {"columns": names, "data": data}},
        {"dataframe_records": records},
        {"instances": records},
        {"inputs": records},
        {"inputs": columns},
    ):
        assert parse(*json_of(payload)) == AskedRows(columns, len(data))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text() | st.booleans()))
def test_predictions_are_written_as_mlflow_writes_them(predictions):
    held = io.StringIO()
    scoring_server.predictions_to_json(predictions, held)
    assert as_body(predictions).decode() == held.getvalue()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_body_holds_what_is_not_finite(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_body([1.0, value])


def test_ragged_rows_end_with_nulls_as_in_pandas():
    assert parse(*json_of({"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2], [3]]}})).columns == {
        "a": [1, 3],
        "b": [2, None],
    }
    assert parse(*json_of({"dataframe_records": [{"a": 1}, {"b": 2}]})).columns == {"a": [1, None], "b": [None, 2]}


def test_a_column_that_is_named_twice_is_refused():
    with pytest.raises(RefusedRequest, match="twice"):
        parse(*json_of({"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}))


def test_requests_are_joined_in_their_order():
    one, two = AskedRows({"a": [1, 2], "b": [3, 4]}, 2), AskedRows({"a": [5], "c": [6]}, 1)
    assert joined([one, two], ["a"]) == {"a": [1, 2, 5]}
    assert one.only([1]) == AskedRows({"a": [2], "b": [4]}, 1)
