import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from scoring import Weighted, case, check_of, rows_of

from stageline.serving import open_rows, parquet_rows
from stageline.serving.scored_rows import ScoredRows, score_parts
from stageline.serving.skew_watch import SkewCounts
from stageline.serving.spark_engine import _outcome, share_out
from stageline.serving.tally import Tally

KINDS = st.sampled_from(
    ["fine", "infinite", "no time", "long", "new shop", "other new shop", "null", "nan", "of training"]
)
MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def source_of(kinds):
    """Return rows, each of which is what its kind says."""
    ids = [row % 240 if kind == "of training" else 1_000 + row for row, kind in enumerate(kinds)]
    plain = rows_of(0, 1_000 + len(kinds)).take(pa.array(ids))

    def changed(name, changes):
        own = plain[name].to_pylist()
        return pa.array([changes.get(kind, own[row]) for row, kind in enumerate(kinds)], plain.schema.field(name).type)

    columns = {
        "price": changed("price", {"infinite": np.inf, "null": None, "nan": math.nan}),
        "stock": changed("stock", {"long": 2**53 + 1}),
        "shop": changed("shop", {"new shop": "moon", "other new shop": "m" * 150, "null": None}),
        "at": changed("at", {"no time": None}),
    }
    for name, values in columns.items():
        plain = plain.set_column(plain.column_names.index(name), name, values)
    return plain


@MANY
@given(kinds=st.lists(KINDS, min_size=1, max_size=90), size=st.integers(3, 40), cut=st.integers(0, 30))
def test_parts_scored_on_their_own_give_what_one_pass_gives(tmp_path_factory, monkeypatch, kinds, size, cut):
    trained = case(tmp_path_factory.mktemp("project"), model=Weighted())
    monkeypatch.setattr(parquet_rows, "_PART_ROWS", 1)
    parquet.write_table(source_of(kinds), trained.folder / "rows.parquet", row_group_size=size)
    parts = open_rows("rows.parquet", trained.folder, {}).parts
    assert len(parts) == math.ceil(len(kinds) / size)
    from stageline.serving.prediction_columns import schema_of

    with trained.table.stage(schema_of(trained.scoring)) as staged:
        whole = score_parts("rows", parts, trained.scoring, staged)
        each = [score_parts("rows", [part], trained.scoring, staged) for part in parts]
    nothing = ScoredRows(Tally(), SkewCounts())
    forward = nothing
    for one in each:
        forward = forward.followed_by(one)
    first, last = nothing, nothing
    for one in each[:cut]:
        first = first.followed_by(one)
    for one in each[cut:]:
        last = last.followed_by(one)
    for merged in (forward, first.followed_by(last)):
        assert merged.tally == whole.tally
        assert list(merged.tally.reasons) == list(whole.tally.reasons)
        assert repr(merged.skew) == repr(whole.skew)  # NaN is not itself
        assert sum(file.rows for file in merged.files) == whole.files[0].rows == whole.tally.scored
    assert whole.tally.rows == len(kinds) == whole.tally.scored + whole.tally.left_out


def test_ragged_lines_take_no_place_among_the_rows_that_come_after():
    first = Tally(10, 8, {"feature is odd": 1, "line is ragged": 1}, [{"reason": "feature is odd", "position": 2}])
    later = Tally(5, 4, {"feature is odd": 1}, [{"reason": "feature is odd", "position": 3}])
    both = first.followed_by(later)
    assert both.reasons == {"feature is odd": 2, "line is ragged": 1}
    assert [row["position"] for row in both.named] == [2, 12]
    assert (both.rows, both.scored, both.left_out) == (15, 12, 3)


def test_of_many_named_rows_the_first_are_kept():
    few = Tally(15, 0, {"odd": 15}, [{"reason": "odd", "position": row} for row in range(15)])
    both = few.followed_by(few)
    assert [row["position"] for row in both.named] == list(range(20))
    assert both.left_out == 30


FEATURES = st.tuples(
    st.floats(), st.floats(allow_nan=False, allow_infinity=False), st.none() | st.text(max_size=5) | st.just("NaN")
)


@given(
    found=st.dictionaries(st.integers(0, 99), FEATURES, max_size=5),
    reasons=st.dictionaries(st.text(max_size=5), st.integers(1, 2**60), max_size=3),
)
def test_what_a_task_tells_arrives_as_it_was(found, reasons):
    named = [{"reason": "odd", "position": 3, "keys": {"id": "4"}}, {"reason": "line", "line": 2}]
    told = ScoredRows(Tally(2**60, 3, reasons, named), SkewCounts(3, {"a": 1}, {"b": 2}, {"b": ["x", "ü"]}, found), ())
    again = _outcome().validate_json(_outcome().dump_json(told))
    assert again.tally == told.tally
    assert repr(again) == repr(told)


def test_a_batch_that_shares_a_dictionary_shows_its_own_texts_alone(tmp_path):
    trained = case(tmp_path)
    shops = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array([1] * 40), pa.array(["moon", "north"]))])
    shown = trained.score(rows_of(1_000, 1_040, shop=shops))
    assert check_of(shown, "SL-B007").value == 0
    assert check_of(shown, "SL-B007").verdict == "passed"


class Rows:
    def __init__(self, rows):
        self.rows = rows


@pytest.mark.parametrize(
    ("rows", "shares"),
    [
        ([], []),
        ([30], [[30]]),
        ([200, 10, 10, 90, 5], [[200], [10, 10, 90], [5]]),
        ([10, None, 10, 10], [[10], [None], [10, 10]]),
    ],
)
def test_small_parts_share_a_task(monkeypatch, rows, shares):
    from stageline.serving import spark_engine

    monkeypatch.setattr(spark_engine, "_TASK_ROWS", 100)
    assert [[part.rows for part in share] for share in share_out([Rows(count) for count in rows])] == shares
