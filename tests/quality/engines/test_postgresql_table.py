from datetime import date, datetime

import pytest
import sqlalchemy as sa

from stageline.exceptions import SourceError
from stageline.quality.engines import open_postgresql
from stageline.quality.engines.kinds import Kind
from stageline.spec.models import Expectation


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


def run(database, *statements):
    with database.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def schema(database):
    run(database, "DROP SCHEMA IF EXISTS shop CASCADE", "CREATE SCHEMA shop")
    yield "shop"
    run(database, "DROP SCHEMA shop CASCADE")


def test_types_of_a_databases_own_are_judged_too(database, postgres_url, schema):
    run(
        database,
        "CREATE TYPE shop.mood AS ENUM ('ok', 'bad')",
        "CREATE TABLE shop.odd (mood shop.mood, code char(5), name varchar(9), amount numeric, day date, at timestamptz, "
        "key uuid, extra jsonb, small smallint, part real)",
        "INSERT INTO shop.odd VALUES ('ok', 'ab', 'x', 'NaN', 'infinity', '-infinity', "
        "'00000000-0000-0000-0000-000000000001', '{\"a\": 1}', 1, 'NaN'), "
        "('bad', 'abc', 'y', 12.5, '2026-01-31', '2026-01-31 10:00+02', NULL, NULL, 2, 0.5)",
    )
    asked = [
        expect("expect_column_values_to_be_in_set", column="mood", value_set=["ok"]),
        expect("expect_column_value_lengths_to_equal", column="code", value=2),
        expect("expect_column_values_to_not_be_null", column="amount"),
        expect("expect_column_values_to_be_between", column="amount", max_value=12.5),
        expect("expect_column_values_to_not_be_null", column="day"),
        expect("expect_column_max_to_be_between", column="at", max_value="2026-01-31T08:00:00Z"),
        expect("expect_column_values_to_match_regex", column="key", regex="1$"),
        expect("expect_column_values_to_be_null", column="extra"),
        expect("expect_column_mean_to_be_between", column="extra", min_value=0),
        expect("expect_column_values_to_not_be_null", column="part"),
    ]
    with open_postgresql(postgres_url, "odd", schema) as table:
        kinds = [column.kind for column in table.known.values()]
        outcomes = table.evaluate(asked)
        rows = table.failing_rows(asked)
        facts = table.describe(table.columns, {})

    assert kinds == [
        Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.DECIMAL, Kind.DATE, Kind.TIME, Kind.TEXT, Kind.OTHER, Kind.INTEGER, Kind.REAL
    ]  # fmt: skip
    assert [outcome.success for outcome in outcomes] == [
        False,
        False,
        False,
        True,
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert "it judges booleans, whole numbers" in outcomes[8].error
    assert sorted(rows.failed) == [(0, 1), (2, 4, 7, 9)]
    odd = next(row for row in rows.rows.to_pylist() if row["mood"] == "ok")
    assert (odd["code"], odd["day"], odd["at"], odd["extra"]) == ("ab", None, None, '{"a": 1}')
    assert (facts["at"].min, facts["day"].max, facts["amount"].nulls) == ("2026-01-31T08:00:00", "2026-01-31", 1)


def test_a_view_is_judged_like_a_table(database, postgres_url, schema):
    run(database, "CREATE VIEW shop.seen AS SELECT id FROM generate_series(1, 10) AS id")
    with open_postgresql(postgres_url.replace("postgresql:", "postgresql+psycopg:"), "seen", schema) as table:
        outcome = table.evaluate([expect("expect_column_values_to_be_between", column="id", max_value=7)])[0]
        assert (table.count_rows(), outcome.result["unexpected_count"]) == (10, 3)


def test_all_queries_see_one_picture_and_none_can_write(database, postgres_url, schema):
    run(database, "CREATE TABLE shop.t AS SELECT id FROM generate_series(1, 10) AS id")
    with open_postgresql(postgres_url, "t", schema) as table:
        assert table.count_rows() == 10
        run(database, "INSERT INTO shop.t VALUES (11)")
        assert table.count_rows() == 10
        assert table.evaluate([expect("expect_table_row_count_to_equal", value=10)])[0].success
        with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
            table.execution.execute_query(sa.text("INSERT INTO shop.t VALUES (12)"))
        assert table.count_rows() == 10  # a failed query leaves the transaction as it was

    with open_postgresql(postgres_url, "t", schema) as table:
        assert table.count_rows() == 11


def test_its_connection_is_closed(database, postgres_url, schema):
    run(database, "CREATE TABLE shop.t (id int)")
    others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    with open_postgresql(postgres_url, "t", schema), database.connect() as connection:
        assert connection.exec_driver_sql(others).scalar_one() >= 1
        during = connection.exec_driver_sql(others).scalar_one()
    with database.connect() as connection:
        for _ in range(100):  # a server takes a moment to forget a connection
            if connection.exec_driver_sql(others).scalar_one() < during:
                break
            connection.exec_driver_sql("SELECT pg_sleep(0.05)")
        assert connection.exec_driver_sql(others).scalar_one() < during


def test_an_empty_table_has_facts_but_no_values(database, postgres_url, schema):
    run(database, "CREATE TABLE shop.t (id int, at date, name text, x float8)")
    with open_postgresql(postgres_url, "t", schema) as table:
        facts = table.describe(table.columns, {})
        outcomes = table.evaluate(
            [
                expect("expect_column_values_to_be_unique", column="id"),
                expect("expect_column_mean_to_be_between", column="x", min_value=0),
                expect("expect_column_median_to_be_between", column="x", min_value=0),
            ]
        )
        assert table.failing_rows([expect("expect_column_values_to_be_unique", column="id")]).rows.num_rows == 0
    assert {(fact.count, fact.nulls, fact.min, fact.histogram) for fact in facts.values()} == {(0, 0, None, None)}
    assert [(outcome.error, outcome.result.get("observed_value")) for outcome in outcomes] == [("", None)] * 3


def test_values_for_python_to_judge_have_a_limit(database, postgres_url, schema, monkeypatch):
    from stageline.quality.engines.metrics import postgresql_execution

    run(
        database,
        "CREATE TABLE shop.t AS SELECT CASE WHEN mod(id, 3) = 0 THEN 'x' || id ELSE id::text END AS v FROM generate_series(1, 30) AS id",
    )
    asked = [expect("expect_column_values_to_be_json_parseable", column="v")]
    with open_postgresql(postgres_url, "t", schema) as table:
        assert table.evaluate(asked)[0].result["unexpected_count"] == 10
        monkeypatch.setattr(postgresql_execution, "_MOST_SENT", 10)
        assert table.evaluate(asked)[0].result["unexpected_count"] == 10
        monkeypatch.setattr(postgresql_execution, "_MOST_SENT", 9)
        assert "more than 9 different values" in table.evaluate(asked)[0].error
        assert "use the engine duckdb" in table.evaluate(asked)[0].error


@pytest.mark.parametrize(
    ("url", "table", "schema", "words"),
    [
        (None, "nope", None, "the schemas of the search path have no table 'nope'; check its name"),
        (None, "pg_class", "public", "schema 'public' has no table 'pg_class'"),
        ("postgresql://me:hidden@127.0.0.1:1/db", "t", None, "cannot be reached: .*check the URL"),
        ("sqlite:///x.db", "t", None, "is for 'sqlite'; expected postgresql"),
    ],
)
def test_what_cannot_be_opened_is_named(postgres_url, url, table, schema, words):
    with pytest.raises(SourceError, match=words) as refused, open_postgresql(url or postgres_url, table, schema):
        pass

    assert "hidden" not in str(refused.value)


def test_the_values_of_a_row_keep_their_types(database, postgres_url, schema):
    run(database, "CREATE TABLE shop.t AS SELECT 1 AS id, date '2026-01-31' AS day, timestamp '2026-01-31 10:00' AS at")
    with open_postgresql(postgres_url, "t", schema) as table:
        rows = table.failing_rows([expect("expect_column_values_to_be_null", column="id")]).rows

    assert rows.to_pylist() == [{"id": 1, "day": date(2026, 1, 31), "at": datetime(2026, 1, 31, 10)}]  # noqa: DTZ001
