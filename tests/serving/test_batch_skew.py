from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from pipeline_specs import spec_of
from scoring import case, check_of, rows_of

from stageline.exceptions import DataError
from stageline.serving import SkewLimits, reference_of


@pytest.fixture
def trained(tmp_path):
    return case(tmp_path)


def test_the_rows_of_training_show_no_skew(trained):
    scored = trained.score(rows_of(0, 240))
    assert [check.verdict for check in scored.checks] == ["passed"] * len(scored.checks)
    assert check_of(scored, "SL-B006").message == (
        "the features of 100 rows of snapshot 3 are made the same; 100 of them are in the source, with the same features"
    )


@pytest.mark.parametrize("gone", ["price", "shop", "id", "at"])
def test_a_missing_column_fails_before_anything_is_scored(trained, gone):
    scored = trained.score(rows_of(0, 20).drop([gone]))
    (check,) = scored.checks
    assert (check.code, check.verdict) == ("SL-B005", "failed")
    assert check.message == f"'rows.parquet': 1 of 6 columns are not as in snapshot 3: column {gone!r} is missing"
    assert scored.published is None


@pytest.mark.parametrize(
    ("flip", "words"),
    [
        ({"price": pa.array(["1.5"] * 20)}, "column 'price' is string, in training it was double"),
        ({"shop": pa.array([1] * 20)}, "column 'shop' is int64, in training it was string"),
        ({"open": pa.array([1] * 20)}, "column 'open' is int64, in training it was bool"),
        ({"at": pa.array([1] * 20)}, "column 'at' is int64, in training it was timestamp[us]"),
        (
            {"at": pa.array([0] * 20, pa.timestamp("us", "UTC"))},
            "column 'at' is timestamp[us, tz=UTC], in training it was timestamp[us]",
        ),
        ({"id": pa.array(["x"] * 20)}, "column 'id' is string, in training it was int64"),
    ],
)
def test_a_type_that_flipped_fails(trained, flip, words):
    scored = trained.score(rows_of(0, 20, **flip))
    assert scored.published is None
    assert words in check_of(scored, "SL-B005").message


@pytest.mark.parametrize(
    "same",
    [
        {"price": pa.array([1] * 20, pa.int8())},
        {"stock": pa.array([1.0] * 20, pa.float32())},
        {"shop": pa.array(["north"] * 20).dictionary_encode()},
        {"shop": pa.array(["north"] * 20, pa.large_string())},
        {"id": pa.array(range(1_000, 1_020), pa.uint16())},
        {"at": pa.array([0] * 20, pa.timestamp("ns"))},
        {"at": pa.array([0] * 20, pa.date32())},
        {"price": pa.nulls(20)},
        {"shop": pa.nulls(20)},
    ],
)
def test_another_type_of_the_same_kind_does_not(trained, same):
    scored = trained.score(rows_of(1_000, 1_020, **same))
    assert check_of(scored, "SL-B005").verdict == "passed"
    assert scored.published.rows == 20


def test_a_csv_file_whose_numbers_became_texts_is_refused(trained, tmp_path):
    (tmp_path / "rows.csv").write_text("id,at,shop,price,stock,open\n1,2026-01-01,north,dear,1,true\n", "utf-8")
    from stageline.exceptions import SourceError

    with pytest.raises(SourceError, match=r"'rows.csv': column 'price' cannot be read as double.*: row 2 of the file"):
        trained.score("rows.csv")


@pytest.mark.parametrize(("count", "verdict"), [(0, "passed"), (2, "passed"), (3, "failed"), (200, "failed")])
def test_texts_that_training_never_saw_warn_above_a_share(trained, count, verdict):
    shops = pa.array(["moon"] * count + ["north"] * (200 - count))
    check = check_of(trained.score(rows_of(1_000, 1_200, shop=shops)), "SL-B007")
    assert check.verdict == verdict
    assert check.effect in ("passed", "warned")
    assert check.value == count / 200
    if verdict == "failed":
        assert f"'shop': {count} of 200 texts ({count / 200:.1%})" in check.message
        assert check.details["examples"] == {"shop": ["moon"]}


@pytest.mark.parametrize("column", ["price", "shop"])
def test_a_share_of_nulls_that_moved_warns(trained, column):
    values = rows_of(1_000, 1_200)[column].to_pylist()
    check = check_of(trained.score(rows_of(1_000, 1_200, **{column: pa.array([None] * 150 + values[150:])})), "SL-B008")
    assert check.verdict == "failed"
    assert check.effect == "warned"
    assert f"{column!r}: " in check.message
    quiet = check_of(trained.score(rows_of(1_000, 1_200)), "SL-B008")
    assert quiet.verdict == "passed"


def test_nan_counts_as_null(trained):
    values = np.where(np.arange(200) % 2, 1.0, np.nan)
    check = check_of(trained.score(rows_of(1_000, 1_200, price=pa.array(values))), "SL-B008")
    assert "'price': 50.0%, in training" in check.message


def test_limits_are_the_callers(trained):
    shops = pa.array(["moon"] * 20 + ["north"] * 20)
    limits = SkewLimits(unseen=0.5, nulls=1.0)
    scored = trained.score(rows_of(1_000, 1_040, shop=shops), limits=limits)
    assert {check.verdict for check in scored.checks} == {"passed"}


def test_rows_of_training_that_were_corrected_in_the_source_warn(trained):
    prices = rows_of(0, 240)["price"].to_pylist()
    prices[0] = 999.0
    scored = trained.score(rows_of(0, 240, price=pa.array(prices)))
    check = check_of(scored, "SL-B006")
    assert check.verdict == "warned"
    assert "read from the source: 'price' differs in 1 of 100 rows" in check.message
    assert scored.published.rows == 240


def test_a_feature_that_is_another_in_most_rows_of_training_fails(trained):
    cents = pa.array([price and price * 100 for price in rows_of(0, 240)["price"].to_pylist()])
    scored = trained.score(rows_of(0, 240, price=cents))
    check = check_of(scored, "SL-B006")
    assert check.verdict == "failed"
    assert "'price' differs in" in check.message
    assert scored.published is None


def test_features_that_are_made_otherwise_than_at_training_fail(trained):
    # As if the calendar's code had counted hours from one when the snapshot was taken.
    reference = trained.scoring.reference
    sample = reference.sample
    hours = pa.array([hour + 1 for hour in sample["event_hour"].to_pylist()])
    changed = sample.set_column(sample.column_names.index("event_hour"), "event_hour", hours)
    scored = trained.score(rows_of(1_000, 1_040), reference=replace(reference, sample=changed))
    check = check_of(scored, "SL-B006")
    assert check.verdict == "failed"
    assert check.message == "made again from snapshot 3: 'event_hour' differs in 100 of 100 rows"
    assert scored.published is None


def test_rows_of_training_that_cannot_be_scored_any_more_fail(trained):
    reference = trained.scoring.reference
    sample = reference.sample
    price = pa.array([np.inf] + [1.0] * 99)
    changed = sample.set_column(sample.column_names.index("price"), "price", price)
    check = check_of(trained.score(rows_of(1_000, 1_040), reference=replace(reference, sample=changed)), "SL-B006")
    assert check.verdict == "failed"
    assert check.message.startswith("1 of 100 rows of snapshot 3 cannot be scored any more")


def test_a_snapshot_without_what_the_spec_now_names_is_refused(trained):
    table = trained.features.table
    spec = spec_of(source={"event_time": "at", "keys": ["account"]})
    with pytest.raises(DataError, match=r"snapshot version 3 has no column 'account', which the spec now names"):
        reference_of(table, spec, version=3, numeric=("price",), categorical=())


def test_a_pipeline_without_keys_and_times_is_checked_all_the_same(tmp_path):
    trained = case(tmp_path, source={}, features={"exclude": ["at"]})
    source = rows_of(0, 240)
    scored = trained.score(source)
    assert check_of(scored, "SL-B006").message == "the features of 100 rows of snapshot 3 are made the same"
    assert scored.published.rows == 240


def test_values_of_private_columns_are_never_shown(trained, tmp_path):
    shops = pa.array(["secret"] * 40)
    scored = trained.score(rows_of(1_000, 1_040, shop=shops), private=frozenset(["shop"]))
    assert "secret" not in "".join(check.model_dump_json() for check in scored.checks)
    assert check_of(scored, "SL-B007").verdict == "failed"
    (tmp_path / "rows.csv").write_text("id,at,shop,price,stock,open\n1,2026-01-01,north,secret,1,true\n", "utf-8")
    with pytest.raises(DataError, match="it is not shown, as the table has private columns") as refusal:
        trained.score("rows.csv", private=frozenset(["shop"]))
    assert refusal.value.__cause__ is None


def test_a_key_that_does_not_fit_is_refused(trained):
    with pytest.raises(DataError, match=r"column 'id': a value does not fit into int64, as in training"):
        trained.score(rows_of(0, 1, id=pa.array([2**64 - 1], pa.uint64())))
