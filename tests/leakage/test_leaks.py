from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.leakage import Leak, find_leaks
from stageline.onboarding.target_task import task_of
from stageline.tables import read_source

BIKES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "bike_sharing_hour.csv"
ROWS = 1_500


def numbers(seed: int = 0) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {
        "price": draw.uniform(1, 9, ROWS).round(2),
        "quantity": draw.integers(0, 20, ROWS),
        "noise": draw.normal(size=ROWS),
        "amount": draw.lognormal(3, 1, ROWS),
    }


def seen_in(table: pa.Table, target: str, *, apart: set[str]) -> list[Leak]:
    return find_leaks(table, target, task=task_of(table[target]).task, apart=apart)


def leaks_of(target: object, **columns: object) -> dict[tuple[str, ...], str]:
    leaks = seen_in(pa.table({"y": target, **columns}), "y", apart=set())
    return {leak.columns: leak.sentence for leak in leaks}


AMOUNT = numbers()["amount"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (AMOUNT, "y = x in all 1,500 rows"),
        (0.5 * AMOUNT, "y = 2 * x in all 1,500 rows"),
        (2 * AMOUNT + 32, "y = 0.5 * x - 16 in all 1,500 rows"),
        (np.log(AMOUNT), "x puts the rows in the order of y: rank correlation 1.0000 (n = 1,500)"),
        (-(AMOUNT**3), "rank correlation 1.0000"),
        ([f"EUR {value:,.2f}" for value in AMOUNT], "rank correlation 1.0000"),
        (np.where(np.arange(ROWS) % 7 == 0, np.nan, AMOUNT), "y = x in all 1,285 rows"),
    ],
    ids=["copy", "scaled", "shifted", "log", "cube", "text", "with gaps"],
)
def test_fires_on_one_column_that_is_the_amount(column, said):
    assert said in leaks_of(AMOUNT, x=column, noise=numbers()["noise"])[("x",)]


def test_fires_on_a_shuffled_scale_that_no_order_shows():
    target = np.random.default_rng(9).uniform(0, 100, ROWS)
    leaks = leaks_of(target, x=np.where(target > 50, target - 50, 1_000 - target))
    assert "x alone gives y: R² 0.99" in leaks[("x",)]


@pytest.mark.parametrize(
    ("formula", "columns", "said"),
    [
        (
            lambda c: c["price"] + c["quantity"],
            ("price", "quantity"),
            "y = price + quantity in all 1,500 rows",
        ),
        (lambda c: c["price"] - c["quantity"], ("price", "quantity"), "y = price - quantity in all"),
        (
            lambda c: (0.3 * c["price"] + 0.7 * c["quantity"]).round(1),
            ("price", "quantity"),
            "y = 0.3 * price + 0.7 * quantity in all 1,500 rows, up to rounding",
        ),
        (
            lambda c: c["price"] * c["quantity"],
            ("price", "quantity"),
            "y = price * quantity in all 1,500 rows",
        ),
        (
            lambda c: (0.19 * c["price"] * c["quantity"]).round(2),
            ("price", "quantity"),
            "y = 0.19 * price * quantity in all 1,500 rows, up to rounding",
        ),
        (
            lambda c: c["quantity"] / c["price"],
            ("quantity", "price"),
            "y = quantity / price in all 1,500 rows",
        ),
        (
            lambda c: c["price"] + c["quantity"] + c["noise"] + c["amount"] + 5,
            ("price", "quantity", "noise", "amount"),
            "y = price + quantity + noise + amount + 5 in all 1,500 rows",
        ),
    ],
    ids=["sum", "difference", "rounded", "product", "rate", "ratio", "four terms"],
)
def test_fires_on_columns_that_give_the_amount_by_a_formula(formula, columns, said):
    everything = numbers()
    leaks = leaks_of(formula(everything), **everything)
    assert list(leaks) == [columns]
    assert said in leaks[columns]


def test_a_formula_survives_a_few_wrong_rows_and_says_how_many():
    columns = numbers()
    target = columns["price"] + columns["quantity"]
    target[[3, 500, 1_400]] += 100
    assert leaks_of(target, **columns) == {("price", "quantity"): "y = price + quantity in 1,497 of 1,500 rows"}


def test_every_way_to_write_the_target_is_found():
    draw = np.random.default_rng(5)
    north, south, web, shop = (draw.integers(0, 90, ROWS) for _ in range(4))
    shop = shop + 200
    total = north + south
    leaks = leaks_of(total, north=north, south=south, web=web, shop=total - web, other=shop)
    assert set(leaks) == {("north", "south"), ("web", "shop")}


def test_the_sample_only_proposes_and_all_rows_decide():
    draw = np.random.default_rng(1)
    rows = 60_000
    first, second = draw.integers(0, 900, rows), draw.integers(0, 900, rows)
    leak = seen_in(pa.table({"y": first + second, "a": first, "b": second}), "y", apart=set())[0]
    assert leak.sentence == "y = a + b in all 60,000 rows"
    assert leak.strength == 1


@pytest.mark.parametrize("labels", [("no", "yes"), ("a", "b", "c"), (0, 1), (False, True)], ids=str)
@pytest.mark.parametrize("recode", [lambda code: code * 7 % 5, lambda code: [f"v{c}" for c in code]])
def test_fires_on_a_recoded_class(labels, recode):
    code = np.random.default_rng(2).integers(0, len(labels), ROWS)
    target = [labels[position] for position in code]
    assert ("x",) in leaks_of(target, x=recode(code), noise=numbers()["noise"])


def test_fires_on_many_values_with_one_class_each():
    value = np.random.default_rng(3).integers(0, 100, ROWS)
    target = np.where(value % 3 == 0, "yes", "no")
    leaks = leaks_of(target, x=[f"plan {v}" for v in value])
    assert leaks[("x",)] == "x alone gives y: balanced accuracy 1.0000 (on rows held out from 1,500)"


def test_fires_on_values_that_repeat_seldom_in_a_large_table():
    draw = np.random.default_rng(10)
    level = draw.normal(size=1_500)
    shop = draw.integers(0, 1_500, 20_000)
    assert ("shop",) in leaks_of(level[shop], shop=[f"shop {number}" for number in shop])


def test_fires_where_only_the_gaps_tell():
    code = np.random.default_rng(3).integers(0, 2, ROWS)
    reason = [["price", "service"][row % 2] if left else None for row, left in enumerate(code)]
    assert ("reason",) in leaks_of(code, reason=reason)


def test_quiet_on_a_strong_but_honest_feature():
    draw = np.random.default_rng(4)
    feature = draw.normal(size=ROWS)
    target = feature + draw.normal(scale=1 / 3, size=ROWS)  # R² 0.9
    assert leaks_of(target, x=feature, twice=2 * feature, curved=np.exp(feature)) == {}


def test_quiet_on_several_honest_features_that_explain_nearly_all():
    draw = np.random.default_rng(4)
    first, second = draw.normal(size=(2, ROWS))
    assert leaks_of(first + second + draw.normal(scale=0.1, size=ROWS), a=first, b=second) == {}


@pytest.mark.parametrize("classes", [2, 3])
def test_quiet_on_ids(classes):
    draw = np.random.default_rng(6)
    ids = draw.permutation(ROWS) + 100_000
    columns = {"id": ids, "text": [f"u-{i}" for i in ids], "row": np.arange(ROWS)}
    assert leaks_of(draw.normal(size=ROWS), **columns) == {}
    assert leaks_of(draw.integers(0, classes, ROWS), **columns) == {}


def test_quiet_on_a_row_number_where_the_table_is_sorted_or_has_a_trend():
    rows = np.arange(ROWS)
    assert leaks_of(np.sort(AMOUNT), row=rows) == {}
    assert leaks_of(np.sin(rows / 200), row=rows, back=-rows) == {}
    assert leaks_of(np.repeat(["a", "b", "c"], ROWS // 3), row=rows) == {}


def test_quiet_on_a_flag_that_only_tells_zeros_from_the_rest():
    draw = np.random.default_rng(7)
    bought = draw.random(ROWS) < 0.1
    revenue = np.where(bought, draw.lognormal(3, 1, ROWS), 0)
    assert leaks_of(revenue, bought=bought) == {}


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_quiet_on_honest_public_tables(name, tmp_path):
    assert seen_in(read_source(f"sklearn://{name}", tmp_path).table, "target", apart=set()) == []


def test_quiet_on_few_rows_and_many_columns():
    draw = np.random.default_rng(8)
    columns = {f"x{number}": draw.normal(size=60) for number in range(120)}
    assert leaks_of(draw.normal(size=60), **columns) == {}


def test_quiet_on_few_rows_constants_and_nothing_to_compare():
    assert leaks_of([1.0, 2.0], x=[1.0, 2.0]) == {}
    assert leaks_of([5] * 50, x=list(range(50))) == {}
    assert leaks_of(AMOUNT, empty=pa.nulls(ROWS, pa.float64()), same=[1] * ROWS) == {}


def test_columns_set_apart_are_not_judged():
    table = pa.table({"y": AMOUNT, "x": AMOUNT})
    assert seen_in(table, "y", apart={"x"}) == []


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    weights=st.lists(st.sampled_from([-3, -1, 0.5, 1, 2]), min_size=2, max_size=4),
    extra=st.integers(0, 5),
)
def test_any_sum_is_found_among_unrelated_columns(seed, weights, extra):
    draw = np.random.default_rng(seed)
    parts = {f"part{i}": draw.integers(0, 1_000, 300) for i in range(len(weights))}
    others = {f"other{i}": draw.normal(size=300) for i in range(extra)}
    target = sum(weight * part for weight, part in zip(weights, parts.values(), strict=True))
    leaks = seen_in(pa.table({"y": target, **others, **parts}), "y", apart=set())
    assert [leak.columns for leak in leaks] == [tuple(parts)]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 8), classes=st.sampled_from([0, 2, 4]))
def test_unrelated_columns_never_leak(seed, count, classes):
    draw = np.random.default_rng(seed)
    columns = {f"x{i}": draw.normal(size=200) if i % 2 else draw.integers(0, 9, 200) for i in range(count)}
    target = draw.integers(0, classes, 200) if classes else draw.normal(size=200)
    assert seen_in(pa.table({"y": target, **columns}), "y", apart=set()) == []


@pytest.mark.skipif(not BIKES.exists(), reason="the bike data are not beside the repository")
def test_the_bike_riders_add_up():
    table = read_source(BIKES.name, BIKES.parent).table
    leaks = seen_in(table, "cnt", apart={"instant", "dteday"})
    assert [leak.sentence for leak in leaks] == ["cnt = casual + registered in all 17,379 rows"]
