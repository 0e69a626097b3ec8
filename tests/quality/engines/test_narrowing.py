import math

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from stageline.quality.engines import open_arrow
from stageline.quality.engines.metrics import narrowing
from stageline.quality.engines.validation import quiet_imports
from stageline.spec.models import Expectation

NUMBERS = st.lists(
    st.floats(allow_nan=False)
    | st.integers(-3, 3).map(float)
    | st.sampled_from([0.0, -0.0, math.inf, -math.inf, 5e-324]),
    min_size=1,
    max_size=60,
)


@given(NUMBERS, st.data())
def test_it_finds_the_value_at_any_rank(numbers, data):
    import pyarrow as pa

    rank = data.draw(st.integers(0, len(numbers) - 1))
    with pytest.MonkeyPatch.context() as patch, quiet_imports():
        patch.setattr(narrowing, "_SORTED", 2)
        patch.setattr(narrowing, "_BINS", 4)
        with open_arrow(pa.table({"x": pa.array([*numbers, None], pa.float64())})) as table:
            found = narrowing.values_at_ranks(
                lambda query: table.execution.execute_query(query).all(),
                table.execution.table,
                sa.cast(sa.column("column_0"), sa.Double),
                [rank],
            )

    assert found == {rank: sorted(numbers)[rank]}


def test_a_long_column_has_the_median_that_duckdb_gives_it(tmp_path):
    path = tmp_path / "long.parquet"
    duckdb.sql(f"COPY (SELECT hash(range) % 1000003 / 7 AS x FROM range(600001)) TO '{path}' (FORMAT parquet)")
    from stageline.quality.engines import open_file

    with quiet_imports(), open_file(path) as table:
        (outcome,) = table.evaluate([Expectation(type="expect_column_median_to_be_between", column="x", min_value=0)])

    assert outcome.result["observed_value"] == duckdb.sql(f"SELECT median(x) FROM '{path}'").fetchall()[0][0]
