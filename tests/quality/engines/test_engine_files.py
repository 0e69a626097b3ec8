import json
from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow import csv, parquet

from stageline.exceptions import DataError, SourceError
from stageline.quality.engines import open_arrow, open_file
from stageline.quality.engines.kinds import Kind
from stageline.spec.models import Expectation

ROWS = pa.table(
    {
        "id": [3, 1, 2, 2],
        "HUM": [0.5, None, 1.5, 2.5],
        "file_row_number": ["x", "y", None, "z"],
        "day": [date(2026, 1, 1), date(2026, 1, 2), None, date(2026, 1, 4)],
        "at": [datetime(2026, 1, 1, 5), None, datetime(2026, 1, 1, 6), datetime(2026, 1, 1, 7)],  # noqa: DTZ001
        "flag": [True, False, None, True],
    }
)


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


SUITE = [
    expect("expect_column_values_to_be_unique", column="id"),
    expect("expect_column_values_to_not_be_null", column="HUM"),
    expect("expect_column_values_to_be_increasing", column="id"),
    expect("expect_column_values_to_be_between", column="day", max_value="2026-01-03"),
]


def answers(path):
    with open_file(path) as table:
        outcomes = table.evaluate(SUITE)
        rows = table.failing_rows(SUITE)
        return [(outcome.success, outcome.error) for outcome in outcomes], rows.positions.tolist(), rows.failed


@pytest.fixture
def expected():
    with open_arrow(ROWS) as table:
        rows = table.failing_rows(SUITE)
        assert rows.failed == ((1, 2), (0,), (0, 3))
        outcomes = table.evaluate(SUITE)
        return [(outcome.success, outcome.error) for outcome in outcomes], rows.positions.tolist(), rows.failed


@pytest.mark.parametrize("name", ["rows.parquet", "a[1]*?.parquet", "it's.parquet", "o'b\"r.PARQUET"])
def test_a_parquet_file_is_read_whatever_its_name(tmp_path, expected, name):
    parquet.write_table(ROWS, tmp_path / name)
    parquet.write_table(ROWS.slice(0, 1), tmp_path / "a1b.parquet")

    assert answers(tmp_path / name) == expected


def test_a_parquet_file_in_a_folder_named_like_a_partition_has_no_further_column(tmp_path):
    folder = tmp_path / "year=2026"
    folder.mkdir()
    parquet.write_table(ROWS, folder / "rows.parquet")

    with open_file(folder / "rows.parquet") as table:
        assert table.columns == tuple(ROWS.column_names)


def test_positions_go_through_all_row_groups(tmp_path):
    many = pa.table({"id": range(1_000)})
    parquet.write_table(many, tmp_path / "many.parquet", row_group_size=7)
    odd = expect("expect_column_values_to_be_in_set", column="id", value_set=[*range(500), *range(600, 1_000)])

    with open_file(tmp_path / "many.parquet") as table:
        rows = table.failing_rows([odd])

    assert rows.positions.tolist() == list(range(500, 600)) == rows.rows["id"].to_pylist()


def test_a_csv_file_is_read_by_all_its_rows(tmp_path, expected):
    csv.write_csv(ROWS, tmp_path / "it's [1].csv")
    assert answers(tmp_path / "it's [1].csv") == expected

    late = tmp_path / "late.csv"
    late.write_text("a,b\n" + "1,2\n" * 30_000 + "x,2.5\n", encoding="utf-8")
    with open_file(late) as table:
        assert [column.type for column in table.known.values()] == ["VARCHAR", "DOUBLE"]
        last = table.failing_rows([expect("expect_column_values_to_be_in_set", column="a", value_set=["1"])])
    assert last.positions.tolist() == [30_000]


def test_a_csv_files_names_and_nulls_are_its_own(tmp_path):
    path = tmp_path / "names.csv"
    path.write_text('\ufeffhum,HUM,"x""; DROP TABLE t; --"\n1,NA,\n2,nan,"a,b"\n', encoding="utf-8")

    with open_file(path) as table:
        assert table.columns == ("hum", "HUM", 'x"; DROP TABLE t; --')
        facts = table.describe(table.columns, {})
    assert [facts[name].nulls for name in table.columns] == [0, 2, 1]


def test_a_delta_table_is_read_through_its_list_of_files(tmp_path, expected):
    write_deltalake(tmp_path / "delta", ROWS.slice(0, 2))
    write_deltalake(tmp_path / "delta", ROWS.slice(2), mode="append")
    write_deltalake(tmp_path / "gone", ROWS)
    # A file that the list does not name is no part of the table.
    parquet.write_table(ROWS, tmp_path / "delta" / "stray.parquet")

    assert answers(tmp_path / "delta") == expected


def test_a_delta_table_comes_with_its_partitions_and_late_columns(tmp_path):
    first = pa.table({"id": [1, 2, 3], "k k": ["u/é %", None, "v"], "n": [1, 1, 2]})
    write_deltalake(tmp_path / "delta", first, partition_by=["k k", "n"])
    late = pa.table({"id": [4], "k k": ["w"], "n": [7], "late": [True]})
    write_deltalake(tmp_path / "delta", late, mode="append", schema_mode="merge")

    with open_file(tmp_path / "delta") as table:
        assert [(column.name, column.kind) for column in table.known.values()] == [
            ("id", Kind.INTEGER), ("k k", Kind.TEXT), ("n", Kind.INTEGER), ("late", Kind.BOOLEAN)
        ]  # fmt: skip
        rows = table.failing_rows([expect("expect_column_values_to_be_null", column="id")])

    assert sorted(rows.rows.to_pylist(), key=lambda row: row["id"]) == [
        {"id": 1, "k k": "u/é %", "n": 1, "late": None},
        {"id": 2, "k k": None, "n": 1, "late": None},
        {"id": 3, "k k": "v", "n": 2, "late": None},
        {"id": 4, "k k": "w", "n": 7, "late": True},
    ]
    assert rows.rows["id"].to_pylist()[3] == 4


def test_an_empty_delta_table_has_columns_and_no_rows(tmp_path):
    write_deltalake(tmp_path / "delta", ROWS)
    DeltaTable(str(tmp_path / "delta")).delete()

    with open_file(tmp_path / "delta") as table:
        assert table.columns == tuple(ROWS.column_names)
        assert table.count_rows() == 0
        assert table.failing_rows(SUITE).rows.num_rows == 0


def log_line(folder, **entry):
    commits = sorted((folder / "_delta_log").glob("*.json"))
    (folder / "_delta_log" / f"{len(commits):020}.json").write_text(
        "".join(json.dumps({key: value}) + "\n" for key, value in entry.items()), encoding="utf-8"
    )
    return commits


def test_a_delta_table_with_deleted_rows_in_its_files_is_refused(tmp_path):
    folder = tmp_path / "delta"
    write_deltalake(folder, pa.table({"id": range(40)}))
    DeltaTable(str(folder)).alter.set_table_properties({"delta.enableDeletionVectors": "true"})
    with open_file(folder) as table:  # they may be marked, but none is
        assert table.count_rows() == 40
    added = next(
        json.loads(line)["add"]
        for path in sorted((folder / "_delta_log").glob("*.json"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if "add" in json.loads(line)
    )
    # The inline example of Delta's own specification: rows 3, 4, 7, 11, 18 and 29 are deleted.
    bitmap = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"
    vector = {"storageType": "i", "pathOrInlineDv": bitmap, "sizeInBytes": 40, "cardinality": 6}
    marked = {**added, "deletionVector": vector}
    removed = {"path": added["path"], "deletionTimestamp": 0, "dataChange": True, "size": added["size"]}
    log_line(folder, remove=removed, add=marked)

    with pytest.raises(SourceError, match="marks deleted rows in deletion vectors.*REORG TABLE"):
        open_file(folder)


def test_a_delta_table_with_renamed_columns_is_refused(tmp_path, monkeypatch):
    write_deltalake(tmp_path / "delta", ROWS)
    monkeypatch.setattr(
        "deltalake.table.Metadata.configuration", property(lambda _: {"delta.columnMapping.mode": "name"})
    )

    with pytest.raises(SourceError, match="column mapping"):
        open_file(tmp_path / "delta")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.json", b"{}", "files of kind '.json' are not read here; expected .parquet, .csv or the folder"),
        ("cut.parquet", b"PAR1 cut", "cannot be read as a table"),
        ("empty.csv", b"", "line 1 holds no column names"),
        ("bytes.csv", b"a,b\n\xff\xfe,1\n", "cannot be read: 'utf-8'"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SourceError, match=words) as refused, open_file(tmp_path / name):
        pass
    assert name in str(refused.value)


def test_what_does_not_exist_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"none\.parquet': no such file; check the path"):
        open_file(tmp_path / "none.parquet")
    with pytest.raises(SourceError, match="no Delta table lies in this folder"):
        open_file(tmp_path)


def test_a_repeated_name_is_refused(tmp_path):
    (tmp_path / "twice.csv").write_text("a,b,a\n1,2,3\n", encoding="utf-8")
    twice = pa.table([[1], [2]], names=["a", "a"])
    parquet.write_table(twice, tmp_path / "twice.parquet")

    for refused in (
        lambda: open_file(tmp_path / "twice.csv"),
        lambda: open_arrow(twice),
        lambda: open_file(tmp_path / "twice.parquet"),
    ):
        with pytest.raises(DataError, match="'a' occurs twice"):
            refused()


def test_a_file_cut_short_while_it_is_judged_is_no_verdict(tmp_path):
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"id": range(100_000), "text": [str(number) for number in range(100_000)]}), path)
    with open_file(path) as table:
        path.write_bytes(path.read_bytes()[:2_000])
        outcome = table.evaluate([SUITE[0]])[0]
        assert outcome.error
        with pytest.raises(SourceError, match=r"rows\.parquet"):
            table.count_rows()
        with pytest.raises(SourceError, match=r"rows\.parquet"):
            table.failing_rows([SUITE[0]])
        with pytest.raises(SourceError, match=r"rows\.parquet"):
            table.describe(["id"], {})


def test_the_database_can_open_nothing_else(tmp_path):
    parquet.write_table(ROWS, tmp_path / "rows.parquet")
    parquet.write_table(ROWS, tmp_path / "other.parquet")
    before = sorted(tmp_path.iterdir())
    with open_file(tmp_path / "rows.parquet") as table:
        driver = table._lent.driver
        for statement in (
            f"SELECT * FROM read_parquet('{tmp_path}/other.parquet')",
            f"COPY (SELECT 1) TO '{tmp_path}/written.csv'",
            f"COPY (SELECT 1) TO '{tmp_path}/rows.parquet'",
            f"ATTACH '{tmp_path}/written.db'",
            "SET enable_external_access = true",
            "SET allowed_paths = []",
            "INSTALL httpfs",
            "LOAD httpfs",
        ):
            with pytest.raises(duckdb.Error, match="disabled|locked|Cannot|cannot"):
                driver.execute(statement)

    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "statement", ["COPY (SELECT 1) TO 'x.csv'", "SELECT 1; DROP VIEW judged", "CREATE TABLE x (a INT)"]
)
def test_only_a_single_select_is_run(statement):
    import sqlalchemy as sa

    with open_arrow(ROWS) as table:
        with pytest.raises(PermissionError, match="one SELECT statement"):
            table.execution.execute_query(sa.text(statement))
        assert table.count_rows() == 4


def test_nothing_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_arrow(ROWS) as table:
        table.evaluate(SUITE)
        assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []
