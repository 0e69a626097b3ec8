"""Labels that come late, partly, twice, never, or contradict each other."""

import math
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.monitoring.labels import KNOWN_BY, LabelColumns, join_labels

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = BEGIN + 30 * DAY
COLUMNS = LabelColumns(["id"], "at", "y", delay=2 * DAY)


def predicted(ids, **more):
    at = [BEGIN + number * DAY for number in range(len(ids))]
    return pa.table(
        {"id": ids, "at": pa.array(at, pa.timestamp("us", "UTC")), "prediction": np.arange(len(ids)) * 1.0, **more}
    )


def join(predictions, labels, columns=COLUMNS, now=NOW, rows=2):
    batches = predictions.to_batches(max_chunksize=rows)
    return join_labels(batches, iter(labels.to_batches(max_chunksize=rows)), columns, now)


def test_each_label_finds_its_prediction():
    found = join(predicted([1, 2, 3]), pa.table({"id": [3, 1, 9], "y": [30.0, 10.0, 90.0]}))
    assert found.truth.to_pylist() == [10.0, None, 30.0]
    assert found.known.tolist() == [True, False, True]
    assert (found.scored, found.labelled, found.unmatched) == (3, 2, 1)
    assert found.coverage == pytest.approx(2 / 3)
    assert found.seconds.tolist() == [int((BEGIN + number * DAY).timestamp()) for number in range(3)]


def test_two_keys_name_a_row_whatever_they_are_called():
    names = ['a"b', "SELECT", "p.r"]
    columns = replace(COLUMNS, keys=names, value="y; DROP TABLE p")
    keys = {name: [1, 1, 2] if name == names[0] else ["x", "y", "x"] for name in names}
    predictions = predicted([0, 0, 0], **keys)
    labels = pa.table({**{name: values[::-1] for name, values in keys.items()}, "y; DROP TABLE p": [3.0, 2.0, 1.0]})
    assert join(predictions, labels, columns).truth.to_pylist() == [1.0, 2.0, 3.0]


def test_the_same_value_twice_counts_once():
    found = join(predicted([1, 2]), pa.table({"id": [1, 1, 1, 2], "y": [5, 5, 5, 6]}))
    assert (found.labelled, found.repeated, found.contradictory) == (2, 1, 0)
    assert found.truth.to_pylist() == [5.0, 6.0]


def test_two_values_without_an_order_are_left_out():
    found = join(predicted([1, 2]), pa.table({"id": [1, 1, 2], "y": [5.0, 7.0, 6.0]}))
    assert (found.labelled, found.contradictory) == (1, 1)
    assert found.truth.to_pylist() == [None, 6.0]


def test_of_labels_that_arrived_one_after_the_other_the_newest_counts():
    labels = pa.table({"id": [1, 1, 2, 2], "y": [7.0, 5.0, 1.0, 2.0], "came": [BEGIN + n * DAY for n in (9, 3, 4, 4)]})
    found = join(predicted([1, 2]), labels, replace(COLUMNS, arrived="came"))
    assert found.truth.to_pylist() == [7.0, None]
    assert (found.corrected, found.contradictory, found.repeated) == (1, 1, 0)


def test_a_label_that_came_after_now_is_not_known_yet():
    labels = pa.table({"id": [1, 1, 2], "y": [5.0, 7.0, 6.0], "came": [BEGIN + n * DAY for n in (3, 40, 40)]})
    columns = replace(COLUMNS, arrived="came")
    found = join(predicted([1, 2]), labels, columns)
    assert (found.truth.to_pylist(), found.late, found.corrected) == ([5.0, None], 1, 0)
    assert join(predicted([1, 2]), labels, columns, BEGIN + 40 * DAY).truth.to_pylist() == [7.0, 6.0]


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ns", "Europe/Zurich"), pa.string(), pa.date32()])
def test_arrival_times_may_be_written_in_any_way(kind):
    moments = [(BEGIN + days * DAY).replace(tzinfo=None) for days in (19, 59)]
    if pa.types.is_string(kind):
        came = pa.array([each.isoformat() for each in moments])
    elif pa.types.is_date(kind):
        came = pa.array(moments).cast(pa.date32())
    else:
        came = pa.array(moments, pa.timestamp("us", "UTC" if kind.tz else None)).cast(kind)
    labels = pa.table({"id": [1, 2], "y": [5.0, 6.0], "came": came})
    assert join(predicted([1, 2]), labels, replace(COLUMNS, arrived="came")).truth.to_pylist() == [5.0, None]


def test_without_an_arrival_a_label_is_known_once_its_delay_is_over():
    labels = pa.table({"id": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
    # Rows of the 1st, 2nd and 3rd; two days later is the 3rd, 4th and 5th.
    found = join(predicted([1, 2, 3]), labels, now=BEGIN + 3 * DAY)
    assert (found.truth.to_pylist(), found.late) == ([1.0, 2.0, None], 1)
    columns = replace(COLUMNS, arrived="came")
    came = pa.array([None, None, BEGIN], pa.timestamp("us", "UTC"))
    assert join(predicted([1, 2, 3]), labels.append_column("came", came), columns, BEGIN + 3 * DAY).labelled == 3


def test_a_prediction_may_have_a_deadline_of_its_own():
    by = pa.array([(BEGIN + n * DAY).replace(tzinfo=None) for n in (2, 2, 9)], pa.timestamp("us"))
    labels = pa.table({"id": [1, 2, 3], "y": [1.0, 2.0, 3.0]})
    assert join(predicted([1, 2, 3], **{KNOWN_BY: by}), labels).known.tolist() == [True, False, True]


def test_nulls_are_no_labels_and_neither_is_what_is_no_number():
    labels = pa.table({"id": [1, 2, 3, 4, 4], "y": [None, math.nan, math.inf, -math.inf, 4.0]})
    found = join(predicted([1, 2, 3, 4]), labels)
    assert found.truth.to_pylist() == [None, None, None, 4.0]
    assert (found.labelled, found.nulls, found.odd) == (1, 1, 3)


def test_a_key_without_a_value_finds_nothing():
    labels = pa.table({"id": pa.array([None, 1], pa.int64()), "y": [5.0, 6.0]})
    found = join(predicted(pa.array([None, 1], pa.int64())), labels)
    assert (found.truth.to_pylist(), found.unmatched) == ([None, 6.0], 1)


def test_of_a_key_that_was_predicted_twice_the_last_stands():
    found = join(predicted([1, 2, 1]), pa.table({"id": [1], "y": [5.0]}))
    assert (found.scored, found.again) == (2, 1)
    assert found.table["prediction"].to_pylist() == [1.0, 2.0]
    assert found.truth.to_pylist() == [None, 5.0]


@pytest.mark.parametrize(
    "keys",
    [
        pa.array([1.0, 2.0]), pa.array([1, 2], pa.int32()), pa.array(["1", " 2.0"]), pa.array(["+1", "2"], pa.large_string()),
        pa.array(["1", "2"]).dictionary_encode(), pa.array([1, 2], pa.decimal128(9, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_whole_numbers_are_the_same_however_a_file_writes_them(keys):
    found = join(predicted([1, 2]), pa.table({"id": keys, "y": ["5", "6.5"]}))
    assert found.truth.to_pylist() == [5.0, 6.5]


@pytest.mark.parametrize(
    ("predictions", "labels"),
    [
        ([1, 2], ["1", "x"]), ([1, 2], [1.5, 2.0]), (["1", "2"], [1, 2]), ([1, 2], [BEGIN, NOW]),
        ([True, False], [1, 0]), ([1, 2], [2**63 + 0.0, 1.0]),
    ],
)  # fmt: skip
def test_keys_that_are_not_the_same_are_refused_without_their_values(predictions, labels):
    with pytest.raises(DataError, match=r"column 'id' is .* in the labels and .* in the predictions") as refused:
        join(predicted(predictions), pa.table({"id": labels, "y": [1.0, 2.0]}))
    assert "1.5" not in str(refused.value)
    assert "x" not in str(refused.value).split("column")[1].split("labels")[0].replace("'id'", "")


def test_a_large_number_is_not_rounded_to_its_neighbour():
    big = 2**53
    found = join(predicted([big, big + 1]), pa.table({"id": [str(big + 1)], "y": [5.0]}))
    assert found.truth.to_pylist() == [None, 5.0]


def test_a_time_may_be_the_key_if_both_have_a_zone_or_none():
    columns = replace(COLUMNS, keys=["at"])
    predictions = predicted([1, 2])
    texts = pa.table({"at": ["2026-01-02T01:00:00+01:00", None, "2026-01-01T00:00:00Z"], "y": [2.0, 9.0, 1.0]})
    assert join(predictions, texts, columns, rows=5).truth.to_pylist() == [1.0, 2.0]
    with pytest.raises(DataError, match="the labels' times have no time zone, the predictions' one; write both the"):
        join(predictions, pa.table({"at": ["2026-01-02T00:00:00"], "y": [2.0]}), columns)


def test_classes_are_read_as_the_model_has_them():
    predictions = predicted([1, 2, 3])
    whole = predictions.set_column(2, "prediction", pa.array([0, 1, 1]))
    labels = pa.table({"id": [1, 2, 3], "y": [1.0, math.nan, 0.0]})
    assert join(whole, labels).truth.to_pylist() == [1, None, 0]
    texts = predictions.set_column(2, "prediction", pa.array(["no", "yes", "no"]))
    named = pa.table({"id": [1, 2], "y": pa.array(["yes", "no"]).dictionary_encode()})
    assert join(texts, named).truth.to_pylist() == ["yes", "no", None]
    with pytest.raises(DataError, match="column 'y' is double in the labels and string in the predictions"):
        join(texts, labels)


@pytest.mark.parametrize("said", [np.array([1.0, 2.0]), np.array([0, 1])])
def test_truth_values_are_no_numbers(said):
    predictions = predicted([1, 2], prediction=said)
    kind = str(predictions.schema.field("prediction").type)
    with pytest.raises(DataError, match=f"column 'y' is bool in the labels and {kind} in the predictions"):
        join(predictions, pa.table({"id": [1, 2], "y": [True, False]}))


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match="the labels have no column 'y'; there are: id, z"):
        join(predicted([1]), pa.table({"id": [1], "z": [1.0]}))
    with pytest.raises(DataError, match="the predictions have no column 'id'; there are: "):
        join(predicted([1]).drop_columns(["id"]), pa.table({"id": [1], "y": [1.0]}))


def test_of_no_predictions_there_is_nothing_to_know():
    found = join_labels([], pa.table({"id": [1], "y": [1.0]}).to_batches(), COLUMNS, NOW)
    assert (found.scored, found.labelled, found.coverage, found.unmatched) == (0, 0, None, 1)
    assert (
        join(predicted([1]), pa.table({"id": pa.array([], pa.int64()), "y": pa.array([], pa.float64())})).labelled == 0
    )


def test_an_error_of_the_source_stays_what_it_is():
    def broken():
        yield from pa.table({"id": [1], "y": [1.0]}).to_batches()
        raise DataError("line 7 is torn")

    with pytest.raises(DataError, match="line 7 is torn"):
        join_labels(predicted([1]).to_batches(), broken(), COLUMNS, NOW)


def test_a_part_keeps_its_own_counts():
    found = join(predicted([1, 2, 3]), pa.table({"id": [1, 1, 3, 3], "y": [5.0, 7.0, 6.0, 6.0]}))
    part = found.only(np.array([False, True, True]))
    assert (part.scored, part.labelled, part.repeated, part.contradictory) == (2, 1, 1, 0)
    assert part.truth.to_pylist() == [None, 6.0]


LABELS = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from([None, math.nan, math.inf, 1.0, 2.0]), st.one_of(st.none(), st.integers(0, 12))
    ),
    max_size=25,
)  # fmt: skip


@given(labels=LABELS, rows=st.integers(1, 7), now=st.integers(0, 14), arrives=st.booleans())
def test_it_is_what_one_finds_by_hand(labels, rows, now, arrives):
    columns = replace(COLUMNS, arrived="came" if arrives else None)
    keys, values, came = zip(*labels, strict=True) if labels else ((), (), ())
    table = pa.table(
        {
            "id": pa.array(keys, pa.int64()),
            "y": pa.array(values, pa.float64()),
            "came": pa.array([None if day is None else BEGIN + day * DAY for day in came], pa.timestamp("us", "UTC")),
        }
    )
    found = join(predicted(range(5)), table, columns, BEGIN + now * DAY, rows=rows)
    known = defaultdict(list)
    for key, value, day in labels:
        due = key + 2 if day is None or not arrives else day
        if key < 5 and value is not None and math.isfinite(value) and due <= now:
            known[key].append((due, value))
    expected = []
    for key in range(5):
        last = max((due for due, _ in known[key]), default=None)
        newest = {value for due, value in known[key] if due == last}
        expected.append(newest.pop() if len(newest) == 1 else None)
    assert found.truth.to_pylist() == expected
    assert found.labelled == sum(value is not None for value in expected)
    assert found.unmatched == sum(key >= 5 for key in keys)
    assert found.labelled + found.contradictory <= found.scored == 5
