"""What goes wrong with data in life, planted one by one into a week of real rides: each is found and named."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from stageline.operators import DataQualityOperator, GateFailed

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "bike_sharing_hour.csv"
pytestmark = pytest.mark.skipif(not DATA.is_file(), reason="the UCI bike sharing data is not beside the repository")

FIRST_DAY = "2012-04-02"
WEEKS_BEFORE = 12


def within(column, low, high, severity="critical"):
    return {
        "type": "expect_column_values_to_be_between",
        "column": column,
        "min_value": low,
        "max_value": high,
        "severity": severity,
    }


def one_of(column, values):
    return {"type": "expect_column_values_to_be_in_set", "column": column, "value_set": values, "severity": "critical"}


def known(column):
    return {"type": "expect_column_values_to_not_be_null", "column": column, "severity": "critical"}


SUITE = [
    *(within(column, 0, 1) for column in ("temp", "atemp", "hum", "windspeed")),
    *(known(column) for column in ("temp", "atemp", "hum", "windspeed", "cnt")),
    one_of("weathersit", [1, 2, 3, 4]),
    one_of("season", [1, 2, 3, 4]),
    within("hr", 0, 23),
    within("cnt", 1, 1000),
    {
        "type": "expect_column_pair_values_a_to_be_greater_than_b",
        "column_A": "cnt", "column_B": "registered", "or_equal": True, "severity": "critical",
    },
    {"type": "expect_column_stdev_to_be_between", "column": "hum", "min_value": 0.02, "severity": "critical"},
]  # fmt: skip

SPEC = {
    "pipeline": "small",
    "stage": "poc",
    "source": {"uri": "data/week.csv", "event_time": "dteday", "keys": ["dteday", "hr"]},
    "target": {"column": "cnt", "task": "regression"},
    "features": {"exclude": ["instant", "casual", "registered"]},
    "quality": SUITE,
    "quality_gate": {"max_quarantined": 0.2},
    "train": {"estimator": "sklearn.linear_model.Ridge"},
    "kpi": {"metric": "mean_absolute_error", "max": 100},
}


@dataclass(frozen=True)
class Fault:
    """A fault planted into a week, and what has to be said of it.

    :param plant: Turns the week into what arrives: a frame, or the text of the file.
    :param code: Code of the check that names it.
    :param says: What its message holds.
    :param quarantined: Rows and lines put aside.
    :param stops: Whether a run in mode enabled stops.
    """

    name: str
    plant: Any
    code: str
    says: tuple[str, ...]
    quarantined: int = 0
    stops: bool = False


def changed(column, rows, value):
    def plant(week):
        week = week.copy()
        week[column] = week[column].astype(object) if isinstance(value, str) else week[column].astype(float)
        week.loc[week.index[rows], column] = value(week[column].iloc[rows]) if callable(value) else value
        return week

    return plant


def whole(column, value):
    return changed(column, slice(None), value)


def duplicated_day(week):
    return pd.concat([week, week[week["dteday"] == week["dteday"].iloc[60]]])


def shifted_clock(week):
    week = week.copy()
    day = week["dteday"] == week["dteday"].iloc[60]
    moved = pd.to_datetime(week.loc[day, "dteday"]) + pd.to_timedelta(week.loc[day, "hr"] + 3, unit="h")
    week.loc[day, "dteday"] = moved.dt.strftime("%Y-%m-%d")
    week.loc[day, "hr"] = moved.dt.hour
    return week


def truncated(week):
    text = week.to_csv(index=False)
    lines = text.splitlines()
    kept = lines[: len(lines) * 2 // 5]
    return "\n".join([*kept, lines[len(kept)][:11]])


def ragged(week):
    lines = week.to_csv(index=False).splitlines()
    for number in (20, 40, 41):
        lines[number] += ",oops"
    return "\n".join(lines) + "\n"


FAULTS = [
    Fault("nulls", changed("hum", slice(10, 30), np.nan), "SL-Q001", ("hum", "20 of", "null"), 20),
    Fault("swapped units", changed("temp", slice(30, 54), lambda t: t * 41), "SL-Q001", ("temp", "24 of"), 24),
    Fault("stuck sensor", whole("hum", 0.63), "SL-Q001", ("hum", "stdev"), stops=True),
    Fault("duplicated day", duplicated_day, "SL-Q010", ("dteday", "hr", "24"), 24),
    Fault("shifted clock", shifted_clock, "SL-Q010", ("dteday", "hr", "6"), 6),
    Fault("new category", changed("weathersit", slice(5, 10), 7), "SL-Q001", ("weathersit", "5 of", "7"), 5),
    Fault("truncated file", truncated, "SL-Q013", ("rows",), 1),
    Fault("ragged lines", ragged, "SL-Q008", ("line 21", "line 41"), 3),
    Fault("infinite values", changed("windspeed", slice(3, 5), np.inf), "SL-Q009", ("windspeed", "2 "), 2),
    Fault("a clock set to 2112", changed("dteday", slice(0, 4), "2112-04-05"), "SL-Q011", ("dteday", "2112"), 4),
    Fault("a part above the sum", changed("registered", slice(50, 56), 2000), "SL-Q001", ("cnt", "registered"), 6),
    Fault("half of the feed", lambda week: week.iloc[::2], "SL-Q013", ("rows",)),
    Fault("counted twice", whole("cnt", lambda c: (c * 1.9).round().clip(upper=1000)), "SL-Q013", ("cnt", "mean")),
    Fault("a text among numbers", changed("hum", slice(7, 8), "n/a?"), "SL-Q005", ("hum",), stops=True),
]


@pytest.fixture(scope="module")
def weeks():
    table = pd.read_csv(DATA)
    first = pd.Timestamp(FIRST_DAY)
    days = pd.to_datetime(table["dteday"])
    return [
        table[(days >= first + pd.Timedelta(weeks=n)) & (days < first + pd.Timedelta(weeks=n + 1))]
        for n in range(WEEKS_BEFORE + 1)
    ]


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    return tmp_path_factory.mktemp("history") / "ledger.db"


@pytest.fixture
def arrive(stores, execute, weeks, history, monkeypatch):
    """Return a function that lets data arrive after twelve quiet weeks, and checks them."""
    (stores.project / "config" / "pipelines" / "small.yaml").write_text(yaml.safe_dump(SPEC, sort_keys=False))
    source = stores.project / "data" / "week.csv"
    source.parent.mkdir(exist_ok=True)

    def check(data, run_id, mode="enabled"):
        source.write_text(data if isinstance(data, str) else data.to_csv(index=False))
        operator = DataQualityOperator(task_id="quality", pipeline="small", mode=mode)
        stopped = False
        try:
            execute(operator, run_id=run_id)
        except GateFailed:
            stopped = True
        with stores.ledger() as ledger:
            return ledger.newest("small", run_id=run_id, step="quality"), stopped

    if history.exists():
        shutil.copy(history, stores.home / "ledger.db")
    else:
        for number, week in enumerate(weeks[:WEEKS_BEFORE]):
            check(week, f"week-{number:02}")
        shutil.copy(stores.home / "ledger.db", history)
    return check


def checks_of(record):
    return record.evidence["checks"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_named_and_put_aside(arrive, weeks, fault):
    record, stopped = arrive(fault.plant(weeks[WEEKS_BEFORE]), "faulty")

    naming = [check for check in checks_of(record) if check["code"] == fault.code and check["verdict"] != "passed"]
    messages = " | ".join(check["message"] for check in naming)
    assert naming, [check["message"] for check in checks_of(record) if check["verdict"] != "passed"]
    assert all(part in messages for part in fault.says), messages
    rows = record.evidence["evidence"]["quarantine"]
    assert rows["quarantined"] == fault.quarantined
    assert rows["rows_in"] == rows["passed"] + rows["quarantined"]
    assert stopped is fault.stops
    assert (record.verdict in ("failed", "errored")) is fault.stops


def test_untouched_weeks_raise_nothing_critical(arrive, weeks, stores):
    record, stopped = arrive(weeks[WEEKS_BEFORE], "untouched")

    assert not stopped
    with stores.ledger() as ledger:
        verdicts = [run.verdict for run in ledger.records("small", step="quality")]
    assert len(verdicts) == WEEKS_BEFORE + 1
    assert set(verdicts) <= {"passed", "warned"}
    assert [check["message"] for check in checks_of(record) if check["severity"] == "critical"
            and check["verdict"] != "passed"] == []  # fmt: skip
