"""The quality step on a table of its own: a file, a Delta folder, a table in a database; no spec says anything."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from stageline.exceptions import SpecError
from stageline.operators import DataQualityOperator, GateFailed
from stageline.tables import QuarantineStore
from stageline.tables.row_ids import row_ids

ROWS = 40
HUM = {"type": "expect_column_values_to_be_between", "column": "hum", "min_value": 0, "max_value": 1}
CITY = {"type": "expect_column_values_to_not_be_null", "column": "city"}
BIG = 2**53 + 1


def rides(**columns):
    """Return a table whose row 4 is too humid, and whose row 8 is of no city."""
    made = {
        "id": [BIG + row for row in range(ROWS)],
        "hum": [7.5 if row == 3 else row / 100 for row in range(ROWS)],
        "city": [None if row == 7 else "Berlin, Mitte" for row in range(ROWS)],
        "stops": [None if row == 5 else row for row in range(ROWS)],
    }
    return pa.table({**made, **columns})


def write_csv(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not by way of pandas, which would turn whole numbers beside a null into floats.
    lines = [",".join("" if value is None else f'"{value}"' for value in row.values()) for row in table.to_pylist()]
    path.write_text("\n".join([",".join(table.column_names), *lines]) + "\n", encoding="utf-8")


def write(stores, kind, table):
    """Write the table and return the arguments that name it."""
    if kind == "delta":
        from deltalake import write_deltalake

        write_deltalake(str(stores.project / "data/rides"), table, mode="overwrite")
        return {"table": "data/rides"}
    engine, _, suffix = kind.rpartition(" ")
    path = stores.project / f"data/rides.{suffix}"
    write_csv(table, path) if suffix == "csv" else parquet.write_table(table, path)
    return {"table": str(path), **({"engine": engine} if engine else {})}


def checking(**arguments):
    return DataQualityOperator(**{"task_id": "rides", "expectations": [HUM, CITY], **arguments})


@pytest.fixture
def recorded(stores):
    """Return a function that gives the records of a name, the newest first."""

    def read(name="small"):
        with stores.ledger() as ledger:
            return ledger.records(name, step="quality")

    return read


def kept(stores, name="small"):
    return QuarantineStore(stores.home / "tables" / name / "quarantine")


def rows_kept(stores, record, name="small"):
    held = record.evidence["evidence"]["quarantine"]
    return kept(stores, name).read(held["version"], dag_run=record.run_id, digest=held["digest"]).to_pylist()


PLACES = ["csv", "parquet", "delta", "pandas csv", "pandas parquet"]


@pytest.mark.parametrize("kind", PLACES)
def test_wherever_it_lies_the_verdict_is_the_same(stores, execute, recorded, kind):
    with pytest.raises(GateFailed) as stopped:
        execute(checking(**write(stores, kind, rides())))

    assert str(stopped.value) == (
        "quality failed: hum: 1 of 40 values (2.5 %) is outside 0 to 1, e.g. 7.5; allowed at most 0 %; 1 row left out "
        "(and 2 more)"
    )
    (record,) = recorded()
    evidence = record.evidence["evidence"]
    assert evidence["engine"] == ("pandas" if "pandas" in kind else "duckdb")
    assert (evidence["rows"], evidence["columns"], sorted(evidence["statistics"])) == (
        40,
        4,
        ["city", "hum", "id", "stops"],
    )
    assert {name: facts["nulls"] for name, facts in evidence["statistics"].items()} == {
        "hum": 0, "city": 1, "id": 0, "stops": 1,
    }  # fmt: skip
    assert [row["position"] for row in rows_kept(stores, record)] == [3, 7]


@pytest.mark.parametrize("kind", PLACES)
def test_rows_that_fail_are_kept_as_they_are(stores, execute, recorded, kind):
    execute(checking(**write(stores, kind, rides()), mode="dry_run"))

    humid, nowhere = rows_kept(stores, recorded()[0])
    assert dict(humid["values"]) == {"id": str(BIG + 3), "hum": "7.5", "city": "Berlin, Mitte", "stops": "3"}
    assert humid["expectations"] == ["expect_column_values_to_be_between(hum)"]
    assert humid["reasons"] == ["hum is outside 0 to 1"]
    assert dict(nowhere["values"])["city"] is None
    assert nowhere["reasons"] == ["city is null"]
    # The same row has the same id wherever it lies.
    assert [humid["id"], nowhere["id"]] == row_ids(rides().take([3, 7]))


def test_up_to_max_quarantined_it_warns(stores, execute, recorded):
    place = write(stores, "parquet", rides())

    result = execute(checking(**place, quality_gate={"max_quarantined": 0.05}))

    assert result["verdict"] == "warned"
    assert result["sentence"].startswith("hum: 1 of 40 values (2.5 %) is outside 0 to 1")
    (record,) = recorded()
    quarantine = record.evidence["evidence"]["quarantine"]
    assert {name: quarantine[name] for name in ("rows_in", "passed", "quarantined", "readmitted")} == {
        "rows_in": 40, "passed": 38, "quarantined": 2, "readmitted": 0,
    }  # fmt: skip
    (share,) = [check for check in record.evidence["checks"] if check["code"] == "SL-Q006"]
    assert share["message"] == "2 of 40 rows (5 %) are quarantined; max_quarantined = 0.05"

    with pytest.raises(
        GateFailed, match=r"is quarantined|are quarantined; max_quarantined = 0.04: mend the source|hum"
    ):
        execute(checking(**place, quality_gate={"max_quarantined": 0.04}), run_id="run-2")
    assert recorded()[0].verdict == "failed"


def test_what_is_about_the_whole_table_is_never_left_out(stores, execute):
    mean = {"type": "expect_column_mean_to_be_between", "column": "hum", "max_value": 0.2}
    place = write(stores, "parquet", rides())
    with pytest.raises(GateFailed, match=r"quality failed: hum: mean is 0\.38175, expected at most 0\.2$"):
        execute(checking(**place, expectations=[HUM, mean], quality_gate={"max_quarantined": 0.5}))


def test_a_clean_table_passes_and_writes_no_quarantine(stores, execute, recorded):
    place = write(stores, "parquet", rides(hum=[0.5] * ROWS, city=["Rome"] * ROWS))

    assert execute(checking(**place)) == {"verdict": "passed", "sentence": "2 of 2 checks passed", "record": 1}

    assert recorded()[0].evidence["evidence"]["quarantine"]["version"] is None
    assert not (stores.home / "tables").exists()


def test_it_is_recorded_under_the_dags_name_or_one_of_its_own(stores, execute, recorded):
    place = write(stores, "parquet", rides())

    execute(checking(**place, mode="dry_run", record_as="rides.daily"))

    assert recorded() == []
    (record,) = recorded("rides.daily")
    assert (record.step, record.stage, record.spec_digest, record.dag_id) == ("quality", "", "", "small")
    assert len(rows_kept(stores, record, "rides.daily")) == 2
    assert stores.mlflow_runs() == []
    experiment = stores.mlflow().get_experiment_by_name("rides.daily")
    (run,) = stores.mlflow().search_runs([experiment.experiment_id])
    page = stores.mlflow().download_artifacts(run.info.run_id, "quality.html")
    assert "hum is outside 0 to 1" in Path(page).read_text("utf-8")


def test_no_project_and_no_spec_are_needed(stores, execute, recorded):
    shutil.rmtree(stores.project / "config")
    write_csv(rides(), stores.project / "dags/rides.csv")

    execute(checking(table="rides.csv", mode="dry_run"))

    assert recorded()[0].evidence["evidence"]["source"]["uri"] == "rides.csv"


def test_a_retry_on_the_same_file_does_nothing_twice(stores, execute, recorded):
    place = write(stores, "parquet", rides())
    first = execute(checking(**place, mode="dry_run"))
    assert execute(checking(**place, mode="dry_run"), try_number=2) == first

    write(stores, "parquet", rides(hum=[9.5] * ROWS))
    execute(checking(**place, mode="dry_run"), try_number=3)

    assert [record.evidence["evidence"]["quarantine"]["quarantined"] for record in recorded()] == [40, 2]


def test_an_unchanged_table_is_kept_once_whatever_was_recorded(stores, execute, recorded):
    """A Delta folder or a database cannot be told apart at a glance: each try looks at it again."""
    place = write(stores, "delta", rides())
    for attempt in (1, 2):
        execute(checking(**place, mode="dry_run"), try_number=attempt)

    versions = [record.evidence["evidence"]["quarantine"]["version"] for record in recorded()]
    assert versions == [0, 0]
    assert [row.times_seen for row in kept(stores).listing()] == [1, 1]


@pytest.mark.parametrize("kind", ["csv", "parquet", "pandas csv"])
def test_a_file_that_changes_while_it_is_checked_is_refused(stores, execute, recorded, monkeypatch, kind):
    from stageline.quality import failed_by_rows

    place = write(stores, kind, rides())

    def grow(*given):
        write(stores, kind, pa.concat_tables([rides(), rides()]))
        return failed_by_rows(*given)

    monkeypatch.setattr("stageline.quality.failed_by_rows", grow)
    with pytest.raises(GateFailed, match=r"rides\.(csv|parquet)' changed while it was checked: had [\d,]+ bytes"):
        execute(checking(**place))

    (record,) = recorded()
    assert (record.verdict, record.evidence["evidence"]) == ("errored", {})
    assert not (stores.home / "tables").exists()


def test_two_tables_of_one_dag_have_each_their_own_history(stores, execute, recorded):
    write_csv(rides(), stores.project / "data/rides.csv")
    write_csv(rides(), stores.project / "data/tides.csv")
    gate = {"max_quarantined": 0.1, "persist": {"k": 2, "n": 2}}
    for task in ("rides", "tides"):
        execute(checking(task_id=task, table=f"data/{task}.csv", quality_gate=gate), run_id=f"run of {task}")

    # A warning of the one has not come back in the other.
    assert [record.verdict for record in recorded()] == ["warned", "warned"]
    with pytest.raises(GateFailed, match="warned in 2 of the last 2 runs"):
        execute(checking(task_id="tides", table="data/tides.csv", quality_gate=gate), run_id="another run")


def test_a_warning_that_comes_back_fails(stores, execute, recorded):
    gate = {"max_quarantined": 0.1, "persist": {"k": 2, "n": 3}}
    for number, humid in enumerate([True, False, True]):
        hum = [7.5 if humid and row == 3 else (row + number) / 100 for row in range(ROWS)]
        place = write(stores, "parquet", rides(hum=hum, city=["Rome"] * ROWS))
        operator = checking(**place, quality_gate=gate)
        if number < 2:
            assert execute(operator, run_id=f"run-{number}")["verdict"] == ("warned" if humid else "passed")
            continue
        with pytest.raises(GateFailed, match=r"warned in 2 of the last 3 runs \(persist: k = 2, n = 3\)"):
            execute(operator, run_id=f"run-{number}")


def test_nothing_passes_on_nothing(stores, execute):
    place = write(stores, "parquet", rides().slice(0, 0))
    with pytest.raises(GateFailed, match="the table has 4 columns but no rows, so nothing can be judged"):
        execute(checking(**place))
    place = write(stores, "parquet", rides())
    with pytest.raises(GateFailed, match="no expectation is declared, so nothing is known about the 40 rows"):
        execute(checking(**place, expectations=[]), run_id="run-2")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, r"task 'rides': give either pipeline or table; found neither"),
        ({"table": "x.csv", "pipeline": "small"}, r"task 'rides': give either pipeline or table; found both"),
        (
            {"pipeline": "small", "engine": "pandas", "private": ["email"]},
            r"with pipeline, all else is said in its spec; leave out engine, private",
        ),
        ({"pipeline": "small", "quality_gate": {"max_quarantined": 0.1}}, r"leave out quality_gate"),
        ({"table": "x.csv", "engine": "polars"}, r"engine is 'polars'; allowed: duckdb, pandas, spark"),
        (
            {"table": "x", "conn_id": "db", "engine": "pandas"},
            r"engine is 'pandas', but with conn_id the checks run in",
        ),
        ({"table": "x.csv", "schema": "public"}, r"schema is 'public', but without conn_id the table is a file"),
        ({"table": "x.csv", "private": "email"}, r"private is the text 'email'; expected a list of columns"),
        *(
            ({"table": "x.csv", "record_as": name}, r"record_as is .*; allowed: letters, digits, '_', '\.' and '-'")
            for name in ("..", "../small", "a/b", "", "-x", "ü", "x" * 201)
        ),
        (
            {"table": "x.csv", "expectations": [{"column": "x"}]},
            r"task 'rides': expectations\[0\]: type: Field required",
        ),
        (
            {"table": "x.csv", "expectations": [HUM, {**HUM, "severity": "fatal"}]},
            r"expectations\[1\]: severity: Input should be 'critical', 'warning' or 'info'",
        ),
        (
            {"table": "x.csv", "expectations": [{**HUM, "type": "expect_column_values_to_be_betwen"}]},
            r"expectations\[0\]: type: .*expect_column_values_to_be_between",
        ),
        ({"table": "x.csv", "expectations": [{**HUM, "row_condition": "x > 1"}]}, r"expectations\[0\]: row_condition"),
        ({"table": "x.csv", "expectations": HUM}, r"expectations is a dict; expected a list of expectations"),
        ({"table": "x.csv", "expectations": ["hum"]}, r"expectations\[0\] is 'hum'; expected a dictionary with 'type'"),
        (
            {"table": "x.csv", "quality_gate": {"max_quarantined": 1.5}},
            r"quality_gate: max_quarantined: Input should be less than 1",
        ),
        ({"table": "x.csv", "quality_gate": {"max_quarantine": 0.1}}, r"quality_gate: max_quarantine: "),
        ({"table": "x.csv", "quality_gate": {"persist": {"k": 3, "n": 2}}}, r"k must be at most n"),
        ({"table": "x.csv", "quality_gate": 0.1}, r"quality_gate is a float; expected a dictionary"),
        ({"table": "x.csv", "quality_gate": {"max_age": "P1D"}}, r"max_age needs a pipeline: only its spec says"),
    ],
)
def test_a_wrong_argument_is_named_when_the_dag_is_parsed(arguments, sentence):
    with pytest.raises(SpecError, match=sentence):
        DataQualityOperator(task_id="rides", **arguments)


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (None, {}, "'data/rides.csv': there is no such file or folder; looked for '.*/project/data/rides.csv'"),
        (b"", {}, r"rides\.csv': line 1 holds no column names|rides\.csv'.*empty"),
        (b"x,x\n1,2\n", {}, "column 'x' occurs twice"),
        (b"hum,city\n1,a\n2,b,c\n", {}, r"rides\.csv': the header names 2 columns, but the rows have 3"),
        (b"hum,city\n1,a\n2,b,c\n", {"engine": "pandas"}, r"1 ragged line: line 3 has 3 values instead of 2; mend the"),
        (b"hum,city\n1,\xe9\n", {"engine": "pandas"}, r"byte 0xe9 at offset 11 \(line 2\) is not UTF-8"),
        (b"hum,city\n1,a\n", {"table": "data"}, r"no Delta table lies in this folder"),
        (b"hum,city\n1,a\n", {"table": "data", "engine": "pandas"}, r"engine 'pandas' reads \.csv and \.parquet files"),
        (b"hum,city\n1,a\n", {"table": "config/pipelines/small.yaml"}, r"files of kind '\.yaml' are not read here"),
        (b"hum,city\n1,a\n", {"private": ["ctiy"]}, "no column 'ctiy', which is said to be private; did you mean 'city'"),
        (b"hum,city\n1,a\n", {"table": "rides", "conn_id": "nowhere"}, "there is no Airflow connection 'nowhere'"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_checked_is_refused(stores, execute, content, arguments, sentence):
    if content is not None:
        (stores.project / "data/rides.csv").write_bytes(content)

    with pytest.raises(GateFailed, match=rf"quality errored: .*{sentence}"):
        execute(checking(**{"table": "data/rides.csv", **arguments}))

    assert [record.verdict for record in stores.records()] == ["errored"]
    assert stores.mlflow_runs() == []
    assert not (stores.home / "tables").exists()


@pytest.mark.postgres
class TestPostgreSQL:
    @pytest.fixture
    def warehouse(self, postgres_url, monkeypatch):
        """Give a connection `warehouse`, and the table `rides` in its schema `city`."""
        import sqlalchemy as sa

        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", postgres_url.replace("postgresql://", "postgres://"))
        engine = sa.create_engine(postgres_url.replace("postgresql", "postgresql+psycopg", 1), poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE SCHEMA city"))
            connection.execute(
                sa.text("CREATE TABLE city.rides (id bigint, hum double precision, city text, stops bigint)")
            )
            connection.execute(sa.text("INSERT INTO city.rides VALUES (:id, :hum, :city, :stops)"), rides().to_pylist())
        yield engine
        with engine.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA city CASCADE"))

    def test_a_table_is_judged_in_its_database(self, stores, execute, recorded, warehouse):
        operator = checking(table="rides", schema="city", conn_id="warehouse", quality_gate={"max_quarantined": 0.05})

        result = execute(operator)

        assert result["verdict"] == "warned"
        (record,) = recorded()
        evidence = record.evidence["evidence"]
        assert (evidence["engine"], evidence["rows"]) == ("postgresql", 40)
        assert evidence["source"]["uri"] == "warehouse: city.rides"
        rows = rows_kept(stores, record)
        assert {dict(row["values"])["id"] for row in rows} == {str(BIG + 3), str(BIG + 7)}
        assert {row["position"] for row in rows} == {None}

    def test_a_retry_keeps_the_same_rows_once_in_whatever_order_they_come(self, stores, execute, recorded, warehouse):
        import sqlalchemy as sa

        operator = checking(table="rides", schema="city", conn_id="warehouse", mode="dry_run")
        execute(operator)
        with warehouse.begin() as connection:
            # Moves the row to the table's end.
            connection.execute(sa.text("UPDATE city.rides SET stops = stops WHERE hum > 1"))
        execute(operator, try_number=2)

        assert [record.evidence["evidence"]["quarantine"]["version"] for record in recorded()] == [0, 0]

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ({"table": "rides"}, "the schemas of the search path have no table 'rides'"),
            ({"table": "tides", "schema": "city"}, "schema 'city' has no table 'tides'"),
        ],
    )
    def test_a_missing_table_is_named(self, stores, execute, warehouse, arguments, sentence):
        with pytest.raises(GateFailed, match=sentence):
            execute(checking(conn_id="warehouse", **arguments))

    def test_a_database_that_is_away_is_refused_without_its_password(self, stores, execute, recorded, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://user:s3cret@127.0.0.1:1/postgres")
        with pytest.raises(GateFailed, match=r"127\.0\.0\.1:1.*cannot be reached") as refused:
            execute(checking(table="rides", conn_id="warehouse"))
        assert "s3cret" not in str(refused.value) + str(recorded()[0])


def test_python_may_ask_of_some_rows_and_by_a_query(stores, execute, recorded):
    condition = {"type": "comparison", "column": {"name": "stops"}, "operator": "<", "parameter": 5}
    query = {"type": "unexpected_rows_expectation", "unexpected_rows_query": "SELECT * FROM {batch} WHERE hum > 9"}
    place = write(stores, "parquet", rides())

    with pytest.raises(GateFailed, match=r"hum where stops < 5: 1 of 5 values \(20 %\) is outside 0 to 1, e\.g\. 7\.5"):
        execute(checking(**place, expectations=[{**HUM, "row_condition": condition}, query]))

    (record,) = recorded()
    (row,) = rows_kept(stores, record)
    assert (row["position"], row["reasons"]) == (3, ["hum where stops < 5 is outside 0 to 1"])
    sentences = [check["message"] for check in record.evidence["checks"]]
    assert "table: no rows found by 'SELECT * FROM {batch} WHERE hum > 9', expected none" in sentences


SPARK = None
if importlib.util.find_spec("pyspark") is None:
    SPARK = "PySpark is not installed"
elif shutil.which("java") is None:
    SPARK = "Java is not on the PATH"


@pytest.mark.skipif(SPARK is not None, reason=str(SPARK))
@pytest.mark.xdist_group("spark")
@pytest.mark.parametrize("kind", ["spark parquet", "spark csv"])
def test_spark_says_the_same(stores, execute, recorded, monkeypatch, kind):
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    few = "--master local[1] --conf spark.sql.shuffle.partitions=1 --conf spark.log.level=OFF pyspark-shell"
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", few)

    with pytest.raises(GateFailed, match=r"hum: 1 of 40 values \(2\.5 %\) is outside 0 to 1, e\.g\. 7\.5"):
        execute(checking(**write(stores, kind, rides())))

    (record,) = recorded()
    assert record.evidence["evidence"]["engine"] == "spark"
    rows = rows_kept(stores, record)
    assert {dict(row["values"])["id"] for row in rows} == {str(BIG + 3), str(BIG + 7)}


def test_spark_that_is_not_installed_is_named(stores, execute, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    place = write(stores, "parquet", rides())
    with pytest.raises(GateFailed, match=r"engine 'spark' needs PySpark and Java; install .*\[spark\]"):
        execute(checking(**place, engine="spark"))
