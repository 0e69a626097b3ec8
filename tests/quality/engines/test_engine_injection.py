import pyarrow as pa
import pytest
from engine_tables import fill
from pyarrow import parquet

from stageline.quality.engines import open_file, open_postgresql
from stageline.spec.models import Expectation

HOSTILE = [
    'x"; DROP TABLE t; --', "'; DROP TABLE t; --", "<script>alert(1)</script>", "a.b", "A.B", "a b", "%s", "%(x)s", ":x",
    "$1", "?", "{brace}", "back\\slash", "sel`ect", "select", "row_position", "column_0", "own_0", "own_column_1",
    "judged", "new\nline", "naïve 🦆", "]", "/*", "tab\t",
]  # fmt: skip
# As a value, each would end the query or begin another if it were pasted into one.
VALUES = [*HOSTILE, "\\", "'' OR 1=1", "$$;COPY t TO '/tmp/x';$$", "plain"]


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


@pytest.fixture(scope="module")
def table():
    return pa.table(dict.fromkeys(HOSTILE, VALUES))


SUITE = [
    expectation
    for name in HOSTILE
    for expectation in (
        expect("expect_column_values_to_be_in_set", column=name, value_set=VALUES[:-1]),
        expect("expect_column_values_to_not_be_in_set", column=name, value_set=VALUES),
        expect("expect_column_values_to_match_regex", column=name, regex="[;'\"\\\\%$]|DROP|\\?"),
        expect("expect_column_values_to_be_unique", column=name),
        expect("expect_column_distinct_values_to_equal_set", column=name, value_set=VALUES),
    )
] + [
    expect("expect_compound_columns_to_be_unique", column_list=HOSTILE),
    expect("expect_column_pair_values_to_be_in_set", column_A=HOSTILE[0], column_B=HOSTILE[1], value_pairs_set=[[value, value] for value in VALUES]),
    expect("expect_table_columns_to_match_ordered_list", column_list=HOSTILE),
]  # fmt: skip


def require_right_answers(table):
    outcomes = table.evaluate(SUITE)
    counts = [outcome.result.get("unexpected_count") for outcome in outcomes]
    odd = sum(not any(sign in value for sign in ";'\"\\%$?") and "DROP" not in value for value in VALUES)
    facts = table.describe(table.columns, {})
    rows = table.failing_rows(SUITE)

    assert [outcome.error for outcome in outcomes] == [""] * len(SUITE)
    assert counts == [1, len(VALUES), odd, 0, 0] * len(HOSTILE) + [0, 0, None]
    assert outcomes[-1].success
    assert {name: facts[name].count for name in table.columns} == dict.fromkeys(HOSTILE, len(VALUES))
    assert rows.rows.column_names == HOSTILE
    assert sorted(rows.rows[HOSTILE[0]].to_pylist()) == sorted(VALUES)


def test_hostile_names_and_values_write_no_file(tmp_path, table):
    parquet.write_table(table, tmp_path / "rows.parquet")
    before = (tmp_path / "rows.parquet").read_bytes()
    with open_file(tmp_path / "rows.parquet") as opened:
        require_right_answers(opened)

    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]
    assert (tmp_path / "rows.parquet").read_bytes() == before


def test_hostile_names_and_values_change_nothing_in_a_database(database, postgres_url, table):
    name = 't"; DROP TABLE witness; --'
    fill(database, name, table)
    fill(database, "witness", pa.table({"id": [1, 2, 3]}))
    state = (
        "SELECT relname, relkind, xmin::text, pg_relation_filenode(oid) FROM pg_class WHERE relnamespace = "
        "'public'::regnamespace ORDER BY relname"
    )

    def look():
        with database.connect() as connection:
            catalogue = [tuple(row) for row in connection.exec_driver_sql(state)]
            quoted = '"' + name.replace('"', '""') + '"'
            counts = connection.exec_driver_sql(f"SELECT count(*), max(xmin::text) FROM {quoted}").one()
            return catalogue, tuple(counts), connection.exec_driver_sql("SELECT count(*) FROM witness").scalar_one()

    before = look()
    with open_postgresql(postgres_url, name) as opened:
        require_right_answers(opened)

    assert look() == before
    assert before[2] == 3
