"""A private column's values stand in the Delta table of its rows, and nowhere else."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_project import write_spec

from stageline.operators import DataQualityOperator, GateFailed
from stageline.tables import QuarantineStore

ROWS = 60
# No other number or text of these runs holds them.
NUMBER, TEXT, DAY = "31337", "s3cr3t", "1987-11"
COLUMNS = ("id", "at", "email", "salary", "x", "y")
PRIVATE = "[id, at, email, salary]"
SOURCE = f"{{uri: data/small.csv, keys: [id], event_time: at, private: {PRIVATE}}}"


def row(number, **changed):
    day = datetime(1987, 11, 1, tzinfo=UTC) + timedelta(hours=number)
    good = {
        "id": f"{TEXT}-{number}",
        "at": f"{day:%Y-%m-%dT%H:%M:%S}",
        "email": f"{TEXT}{number}@example.com",
        "salary": f"{NUMBER}.{number:02}",
        "x": number % 7 + 0.5,
        "y": number * 7919 % 331,
    }
    return ",".join(str((good | changed)[name]) for name in COLUMNS)


def write_rows(stores, changed=None, more=()):
    lines = [row(number, **(changed or {}).get(number, {})) for number in range(ROWS)]
    (stores.project / "data/small.csv").write_text(
        "\n".join([",".join(COLUMNS), *lines, *more]) + "\n", encoding="utf-8"
    )


def expect(kind, column=None, **arguments):
    given = {"column": column, **arguments} if column else arguments
    return f"{{type: {kind}, {', '.join(f'{name}: {value}' for name, value in given.items())}}}"


SUITE = {
    "between": expect("expect_column_values_to_be_between", "salary", max_value=5),
    "at least": expect("expect_column_min_to_be_between", "salary", max_value=5),
    "mean": expect("expect_column_mean_to_be_between", "salary", max_value=5),
    "sum": expect("expect_column_sum_to_be_between", "salary", max_value=5),
    "quantiles": expect(
        "expect_column_quantile_values_to_be_between", "salary",
        quantile_ranges="{quantiles: [0.5], value_ranges: [[0, 1]]}",
    ),
    "set": expect("expect_column_values_to_be_in_set", "email", value_set="[nobody]"),
    "distinct": expect("expect_column_distinct_values_to_be_in_set", "email", value_set="[nobody]"),
    "most common": expect("expect_column_most_common_value_to_be_in_set", "email", value_set="[nobody]"),
    "regex": expect("expect_column_values_to_match_regex", "email", regex="'^nobody'"),
    "length": expect("expect_column_value_lengths_to_equal", "email", value=3),
    "last": expect("expect_column_max_to_be_between", "at", max_value="'1980-01-01'"),
    "pair": expect("expect_column_pair_values_to_be_equal", column_A="id", column_B="email"),
    "sum of columns": expect("expect_multicolumn_sum_to_equal", column_list="[x, salary]", sum_total=1),
    "unique": expect("expect_compound_columns_to_be_unique", column_list="[email, x]"),
    "cannot be evaluated": expect("expect_column_mean_to_be_between", "email", max_value=5),
}  # fmt: skip


@pytest.fixture
def everything_shown(stores, capsys, caplog):
    """Return a function that executes an operator and gives all that people and logs are shown of it."""
    caplog.set_level(logging.DEBUG)

    def run(execute, operator, name="small"):
        shown = []
        try:
            shown.append(str(execute(operator)))
        except GateFailed as failed:
            shown += [str(failed), str(failed.__cause__)]
        shown.append(getattr(operator, "mlflow_run_url", None) or "")
        with stores.ledger() as ledger:
            # Digests and what was metered are digits by chance.
            told = {"digest", "previous_digest", "metered"}
            shown += [record.model_dump_json(exclude=told) for record in ledger.records(name)]
        client = stores.mlflow()
        experiment = client.get_experiment_by_name(name)
        for found in client.search_runs([experiment.experiment_id]) if experiment else ():
            shown.append(json.dumps(found.to_dictionary()))
            for file in client.list_artifacts(found.info.run_id):
                if not file.is_dir:
                    shown.append(Path(client.download_artifacts(found.info.run_id, file.path)).read_text("utf-8"))
        captured = capsys.readouterr()
        return "\n".join([*shown, captured.out, captured.err, caplog.text])

    return run


def hidden(shown):
    return {secret: shown.count(secret) for secret in (NUMBER, TEXT, DAY)} == {NUMBER: 0, TEXT: 0, DAY: 0}


def quality():
    return DataQualityOperator(task_id="quality", pipeline="small", mode="enabled")


def test_no_expectation_gives_a_private_value_away(stores, execute, everything_shown):
    write_spec(stores.project, source=SOURCE, quality=f"[{', '.join(SUITE.values())}]")
    write_rows(stores, {9: {"email": f"{TEXT}1@example.com", "x": 1.5}})

    shown = everything_shown(execute, quality())

    assert hidden(shown)
    (record,) = stores.records()
    about = [check for check in record.evidence["checks"] if check["code"] in ("SL-Q001", "SL-Q005")]
    assert len(about) == len(SUITE)
    assert {check["verdict"] for check in about} == {"failed", "errored"}
    # Counts are no values.
    assert "salary: 60 of 60 values (100 %) are above 5" in shown
    assert "email: 59 of 60" not in shown


def test_a_value_that_is_not_private_is_shown(stores, execute, everything_shown):
    source = "{uri: data/small.csv, keys: [id], event_time: at}"
    write_spec(stores.project, source=source, quality=f"[{SUITE['between']}, {SUITE['set']}]")
    write_rows(stores)

    shown = everything_shown(execute, quality())

    assert NUMBER in shown
    assert TEXT in shown


@pytest.mark.parametrize(
    ("changed", "more", "code"),
    [
        ({7: {"salary": "inf"}, 8: {"salary": "-inf"}}, (), "SL-Q009"),
        ({7: {"id": f"{TEXT}-3"}}, (), "SL-Q010"),
        ({7: {"at": "2987-11-07"}}, (), "SL-Q011"),
        ({7: {"email": f"{TEXT}{'x' * 100_001}"}}, (), "SL-Q012"),
        ({}, [f"{TEXT}-99,{NUMBER}"], "SL-Q008"),
    ],
)
def test_no_built_in_rule_gives_a_private_value_away(stores, execute, everything_shown, changed, more, code):
    write_spec(stores.project, source=SOURCE, quality_gate="{max_quarantined: 0.1}")
    write_rows(stores, changed, more)

    shown = everything_shown(execute, quality())

    assert hidden(shown)
    assert "2987-" not in shown
    (record,) = stores.records()
    quarantine = record.evidence["evidence"]["quarantine"]
    (found, *_) = [check for check in record.evidence["checks"] if check["code"] == code]
    assert found["verdict"] == "warned"
    # What is put aside is whole: a person may let it in again.
    store = QuarantineStore(stores.home / "tables/small/quarantine")
    rows = store.read(quarantine["version"], dag_run="run-1", digest=quarantine["digest"])
    assert TEXT in str(rows.to_pylist())


@pytest.mark.parametrize("max_age", ["P1D", "P30000D"])
def test_how_old_the_data_are_gives_no_private_time_away(stores, execute, everything_shown, max_age):
    write_spec(stores.project, source=SOURCE, quality_gate=f"{{max_age: {max_age}}}")
    write_rows(stores)

    shown = everything_shown(execute, quality())

    assert hidden(shown)
    (fresh,) = [check for check in stores.records()[0].evidence["checks"] if check["code"] == "SL-Q016"]
    assert fresh["verdict"] == ("failed" if max_age == "P1D" else "passed")
    assert fresh["value"] is None


@pytest.mark.parametrize(
    "changed",
    [
        {7: {"at": f"{TEXT} soon"}},
        {7: {"at": f"{DAY}-07T00:00:00+01:00"}},
        {key: {"at": f"{DAY}-07"} for key in range(ROWS)},
    ],
    ids=["no time", "with a zone", "the same time"],
)
def test_a_refusal_gives_no_private_value_away(stores, execute, everything_shown, changed):
    write_spec(stores.project, source=SOURCE)
    write_rows(stores, changed)

    shown = everything_shown(execute, quality())

    assert "quality errored" in shown
    assert hidden(shown)


def test_only_counts_of_a_private_column_go_on_record(stores, execute):
    write_spec(stores.project, source=SOURCE)
    write_rows(stores)
    execute(quality())

    evidence = stores.records()[0].evidence["evidence"]
    assert evidence["private"] == ["at", "email", "id", "salary"]
    assert evidence["statistics"]["salary"] == {
        "type": "DOUBLE", "count": 60, "nulls": 0, "infinite": 0, "min": None, "max": None, "mean": None,
        "histogram": None,
    }  # fmt: skip
    assert evidence["statistics"]["x"]["mean"] is not None


def test_a_misspelt_private_column_is_refused_before_it_hides_nothing(stores, execute, everything_shown):
    source = "{uri: data/small.csv, keys: [id], private: [emial]}"
    write_spec(stores.project, source=source, quality=f"[{SUITE['set']}]")
    write_rows(stores)

    shown = everything_shown(execute, quality())

    assert "no column 'emial', which is said to be private; did you mean 'email'?" in shown
    assert TEXT not in shown


@pytest.mark.parametrize("engine", [None, "pandas"])
def test_a_table_of_its_own_keeps_its_secrets(stores, execute, everything_shown, engine):
    write_rows(stores)
    operator = DataQualityOperator(
        task_id="riders",
        table="data/small.csv",
        engine=engine,
        record_as="riders",
        private=["id", "at", "email", "salary"],
        expectations=[
            {"type": "expect_column_values_to_be_between", "column": "salary", "max_value": 5},
            {"type": "expect_column_values_to_match_regex", "column": "email", "regex": "^nobody"},
            {"type": "expect_column_mean_to_be_between", "column": "email", "max_value": 5},
        ],
    )

    shown = everything_shown(execute, operator, "riders")

    assert hidden(shown)
    assert "email: 60 of 60 values (100 %) are without a match of '^nobody'" in shown
