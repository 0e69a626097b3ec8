"""One pipeline's quality from run to run: what leaves its band warns, what keeps warning fails."""

import random
import shutil
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from small_project import write_spec

from stageline.operators import DataQualityOperator, GateFailed

FIRST_DAY = datetime(2026, 3, 2, 6, tzinfo=UTC)
QUIET_DAYS = 10
GATE = "{max_quarantined: 0.05, persist: {k: 2, n: 3}}"
LOW = "[{type: expect_column_mean_to_be_between, column: x, max_value: 60, severity: warning}]"


def write_day(stores, day, *, rows=None, shift=0.0, unknown=0):
    """Write a day's data: some 200 rows, `x` about 50, none of it unknown."""
    chance = random.Random(day)
    count = 195 + chance.randrange(11) if rows is None else rows
    lines = [
        f"{'' if row < unknown else round(chance.gauss(50 + shift, 10), 3)},{chance.choice(('red', 'green'))},"
        f"{chance.randrange(300)}"
        for row in range(count)
    ]
    (stores.project / "data/small.csv").write_text("\n".join(["x,colour,y", *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def check_day(stores):
    """Return a function that checks the data as the scheduled run of a day does; gives the record."""

    def check(day, mode="enabled", try_number=1):
        task = SimpleNamespace(
            dag_id="small", run_id=f"day-{day}", task_id="quality", map_index=-1, try_number=try_number
        )
        dag_run = SimpleNamespace(run_after=FIRST_DAY + timedelta(days=day), run_type="scheduled")
        dag = SimpleNamespace(fileloc=str(stores.project / "dags/by_hand.py"))
        operator = DataQualityOperator(task_id="quality", pipeline="small", mode=mode)
        operator.execute({"ti": task, "dag_run": dag_run, "dag": dag})
        return stores.records("quality")[-1]

    return check


@pytest.fixture(scope="module")
def ledger_of_quiet_days(tmp_path_factory):
    return tmp_path_factory.mktemp("history") / "ledger.db"


@pytest.fixture
def quiet_days(stores, check_day, ledger_of_quiet_days):
    """Let ten days go by on which nothing happens; they are run once for all tests."""
    write_spec(stores.project, quality_gate=GATE)
    if not ledger_of_quiet_days.exists():
        for day in range(QUIET_DAYS):
            write_day(stores, day)
            check_day(day)
        shutil.copy(stores.home / "ledger.db", ledger_of_quiet_days)
    shutil.copy(ledger_of_quiet_days, stores.home / "ledger.db")


def found(record, code, verdict="failed"):
    return [check for check in record.evidence["checks"] if check["code"] == code and check["verdict"] == verdict]


def test_quiet_days_pass(stores, quiet_days):
    assert [record.verdict for record in stores.records("quality")] == ["passed"] * QUIET_DAYS


def test_the_first_runs_say_that_they_know_no_band_yet(stores, quiet_days):
    first, *_, last = stores.records("quality")
    (waiting,) = found(first, "SL-Q013", "inconclusive")
    assert (waiting["severity"], waiting["details"]["inside"]) == ("info", [])
    assert "8 more runs over new data needed" in waiting["message"]
    (inside,) = found(last, "SL-Q013", "passed")
    assert "band(rows)" in inside["details"]["inside"]


@pytest.mark.parametrize(
    ("changed", "begins"),
    [
        ({"rows": 80}, "rows: 80 left the band 1"),
        ({"shift": 30}, "x: mean "),
        ({"unknown": 60}, "x: null share "),
    ],
)
def test_what_leaves_its_band_warns_though_no_expectation_names_it(stores, check_day, quiet_days, changed, begins):
    write_day(stores, QUIET_DAYS, **changed)

    record = check_day(QUIET_DAYS)

    assert record.verdict == "warned"
    messages = [check["message"] for check in found(record, "SL-Q013")]
    (told,) = [message for message in messages if message.startswith(begins)]
    assert " left the band " in told
    assert " of the last " in told


def test_what_stays_outside_its_band_stops_the_run(stores, check_day, quiet_days):
    for day in (QUIET_DAYS, QUIET_DAYS + 1):
        write_day(stores, day, rows=80)
        if day == QUIET_DAYS:
            assert check_day(day).verdict == "warned"
            continue
        with pytest.raises(GateFailed, match=r"quality failed: rows left its band in 2 of the last 3 runs"):
            check_day(day)

    (persistent,) = found(stores.records("quality")[-1], "SL-Q014")
    assert persistent["message"] == (
        "rows left its band in 2 of the last 3 runs (persist: k = 2, n = 3); first on 2026-03-12"
    )


def test_a_refused_run_and_a_second_try_are_no_runs_of_their_own(stores, check_day, quiet_days):
    write_day(stores, QUIET_DAYS, rows=80)
    check_day(QUIET_DAYS)
    write_day(stores, QUIET_DAYS, rows=81)
    assert check_day(QUIET_DAYS, try_number=2).verdict == "warned"
    (stores.project / "data/small.csv").write_bytes(b"")
    with pytest.raises(GateFailed, match="the file is empty"):
        check_day(QUIET_DAYS + 1)
    write_day(stores, QUIET_DAYS + 2)
    assert check_day(QUIET_DAYS + 2).verdict == "passed"

    write_day(stores, QUIET_DAYS + 3, rows=80)
    with pytest.raises(GateFailed, match=r"rows left its band in 2 of the last 3 runs"):
        check_day(QUIET_DAYS + 3)


def test_a_declared_warning_that_comes_back_stops_the_run(stores, check_day):
    write_spec(stores.project, quality_gate="{persist: {k: 2, n: 3}}", quality=LOW)
    for day, shift in enumerate((30, 0, 30)):
        write_day(stores, day, shift=shift)
        if day < 2:
            assert check_day(day).verdict == ("warned" if shift else "passed")
            continue
        with pytest.raises(GateFailed, match=r"expect_column_mean_to_be_between\(x\) warned in 2 of the last 3 runs"):
            check_day(day)


def test_without_persist_it_only_warns(stores, check_day):
    write_spec(stores.project, quality=LOW)
    for day in range(3):
        write_day(stores, day, shift=30)
        assert check_day(day).verdict == "warned"


def test_bad_rows_that_come_back_stop_the_run_though_few(stores, check_day):
    write_spec(stores.project, quality_gate=GATE)
    for day in range(2):
        write_day(stores, day)
        with (stores.project / "data/small.csv").open("a", encoding="utf-8") as lines:
            lines.write("5000,red,9\n")
        if day == 0:
            assert check_day(day).verdict == "warned"
            continue
        with pytest.raises(
            GateFailed, match=r"expect_column_values_to_be_between\(x\) warned in 2 of the last 2 runs.*\(and 1 more\)"
        ):
            check_day(day)


def test_in_a_dry_run_it_is_shown(stores, check_day):
    write_spec(stores.project, quality_gate="{persist: {k: 2, n: 3}}", quality=LOW)
    for day in range(2):
        write_day(stores, day, shift=30)
        record = check_day(day, mode="dry_run")
    assert (record.verdict, record.mode) == ("failed", "dry_run")
    assert len(found(record, "SL-Q014")) == 1


def test_the_same_data_read_again_and_again_make_no_band(stores, check_day):
    write_day(stores, 0)
    for day in range(9):
        check_day(day)
    write_day(stores, 9, rows=80)
    record = check_day(9)

    assert record.verdict == "passed"
    (waiting,) = found(record, "SL-Q013", "inconclusive")
    assert "7 more runs over new data needed (8 in all)" in waiting["message"]


def test_a_run_takes_over_the_bins_of_the_last_one_that_went_forward(stores, check_day, quiet_days):
    def edges(record):
        return record.evidence["evidence"]["statistics"]["x"]["histogram"]["edges"]

    *_, last = stores.records("quality")
    write_day(stores, QUIET_DAYS, shift=2)
    assert edges(check_day(QUIET_DAYS)) == edges(last)


def test_an_old_run_that_is_cleared_knows_nothing_of_those_after_it(stores, check_day):
    write_spec(stores.project, quality_gate="{persist: {k: 2, n: 3}}", quality=LOW)
    write_day(stores, 0)
    check_day(0)
    write_day(stores, 5, shift=30)
    check_day(5)

    write_day(stores, 3, shift=31)
    assert check_day(3).verdict == "warned"
    write_day(stores, 6, shift=30)
    with pytest.raises(GateFailed, match=r"warned in 3 of the last 3 runs .*first on 2026-03-05"):
        check_day(6)


def test_the_page_shows_the_trend_and_the_run_it_is_laid_beside(stores, check_day, quiet_days):
    from pathlib import Path

    write_day(stores, QUIET_DAYS, rows=80)
    check_day(QUIET_DAYS)

    (run,) = [run for run in stores.mlflow_runs() if run.data.tags["stageline.quality"].startswith("warned: rows")]
    page = Path(stores.mlflow().download_artifacts(run.info.run_id, "quality.html")).read_text("utf-8")
    assert "left the band" in page
    assert f"day-{QUIET_DAYS - 1}" in page
