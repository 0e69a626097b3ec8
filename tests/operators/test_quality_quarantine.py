"""Rows that are put aside: they stay out of the snapshot, are stored once, and come back when a person says so."""

import shutil

import pytest
from small_project import ROWS, write_spec

from stageline.exceptions import LedgerError
from stageline.ledger import Ledger
from stageline.operators import DataQualityOperator, FeatureSnapshotOperator, GateFailed
from stageline.operators.releases import release_rows
from stageline.spec import load_pipeline
from stageline.tables import QuarantineStore, SnapshotStore

GATE = "{max_quarantined: 0.1}"
KEYED = "{uri: data/small.csv, keys: [id]}"


def write_data(stores, changed=None, *, header="x,colour,y", more=()):
    """Write 200 good rows, some of them changed: their number from 0 to the whole line."""
    keyed = header.startswith("id,")
    colours = ("red", "green", "blue")
    lines = {
        row: f"{f'{row},' if keyed else ''}{row + 0.5},{colours[row % 3]},{row * 7919 % 331}" for row in range(ROWS)
    }
    lines |= changed or {}
    (stores.project / "data/small.csv").write_text("\n".join([header, *lines.values(), *more]) + "\n", encoding="utf-8")


def quality(mode="enabled"):
    return DataQualityOperator(task_id="quality", pipeline="small", mode=mode)


@pytest.fixture
def gated(stores):
    """Let a tenth of the rows be left out."""
    write_spec(stores.project, quality_gate=GATE)


def quarantine(stores):
    return QuarantineStore(stores.home / "tables/small/quarantine")


def snapshot(stores):
    """Return the rows of the newest snapshot."""
    held = stores.records("features")[-1].evidence["evidence"]["snapshot"]
    store = SnapshotStore(stores.home / "tables/small/features")
    return store.read(held["version"], digest=held["digest"]).to_pylist()


def counts(stores):
    """Return rows in, passed, quarantined and let in again, of the newest run."""
    held = stores.records("quality")[-1].evidence["evidence"]["quarantine"]
    return tuple(held[name] for name in ("rows_in", "passed", "quarantined", "readmitted"))


def checks(stores, code):
    return [check for check in stores.records("quality")[-1].evidence["checks"] if check["code"] == code]


def release(stores, *ids):
    loaded = load_pipeline("small", stores.project / "config/pipelines")
    with stores.ledger() as ledger:
        return release_rows(ledger, loaded, ids, actor="dana")


def id_of(stores, reason):
    (found,) = [row.id for row in quarantine(stores).listing() if reason in "; ".join(row.reasons)]
    return found


def test_rows_put_aside_are_not_in_the_snapshot(stores, execute, gated):
    write_data(
        stores,
        {3: "5000,red,9", 4: "inf,red,12", 5: "6000,green,15", 6: "-1,red,18"},
        more=["1,red", "2,red,3,4"],
    )

    result = execute(quality())
    execute(FeatureSnapshotOperator)

    assert result["verdict"] == "warned"
    assert counts(stores) == (202, 196, 6, 0)
    (conserved,) = checks(stores, "SL-Q007")
    assert (conserved["verdict"], conserved["message"]) == ("passed", "202 rows in = 196 passed + 6 quarantined")
    (share,) = checks(stores, "SL-Q006")
    assert share["message"] == "6 of 202 rows (2.97 %) are quarantined; max_quarantined = 0.1"
    held = snapshot(stores)
    assert len(held) == 196
    assert {row["x"] for row in held} == {row + 0.5 for row in range(ROWS) if row not in (3, 4, 5, 6)}
    reasons = {(row.position, row.line): row.reasons for row in quarantine(stores).listing()}
    assert reasons == {
        (3, None): ("x is outside 0 to 1000",),
        (4, None): ("x is infinite",),
        (5, None): ("x is outside 0 to 1000",),
        (6, None): ("x is outside 0 to 1000",),
        (None, 202): ("has 2 values instead of 3",),
        (None, 203): ("has 4 values instead of 3",),
    }


def test_the_checks_say_how_many_of_their_rows_stay_out(stores, execute, gated):
    write_data(stores, {3: "5000,red,9", 4: "inf,red,12"})
    execute(quality())

    (expectation,) = checks(stores, "SL-Q001")
    assert (expectation["verdict"], expectation["severity"]) == ("warned", "critical")
    assert expectation["message"] == (
        "x: 1 of 199 values (0.5 %) is outside 0 to 1000, e.g. 5000; allowed at most 0 %; 1 row left out"
    )
    (infinite,) = checks(stores, "SL-Q009")
    assert infinite["message"] == "x: 1 of 200 values is infinite, first in row 5: inf; 1 row left out"


def test_a_dry_run_keeps_what_a_model_can_be_trained_on(stores, execute):
    write_data(stores, {3: "5000,red,9", 4: "inf,red,12"}, more=["1,red"])

    assert execute(quality("dry_run"))["verdict"] == "failed"
    execute(FeatureSnapshotOperator)

    assert counts(stores) == (201, 199, 2, 0)
    held = [row["x"] for row in snapshot(stores)]
    assert len(held) == 199
    assert 5000 in held
    (expectation,) = checks(stores, "SL-Q001")
    assert "left out" not in expectation["message"]


def test_no_bad_row_is_tolerated_unless_the_spec_says_so(stores, execute):
    write_data(stores, {3: "5000,red,9"})

    with pytest.raises(GateFailed, match=r"quality failed: x: 1 of 200 values .* e\.g\. 5000; .*; 1 row left out"):
        execute(quality())

    (share,) = checks(stores, "SL-Q006")
    assert share["verdict"] == "failed"
    assert share["message"] == (
        "1 of 200 rows (0.5 %) is quarantined; max_quarantined = 0: mend the source, let rows in again with "
        "`stageline quarantine`, or allow more"
    )
    # It is kept all the same: a person has to see it to let it in.
    assert [row.reasons for row in quarantine(stores).listing()] == [("x is outside 0 to 1000",)]


def test_more_than_the_allowed_share_stops_the_run(stores, execute, gated):
    write_data(stores, dict.fromkeys(range(21), "5000,red,9"))
    with pytest.raises(GateFailed, match=r"x: 21 of 200 values \(10\.5 %\).* \(and 1 more\)"):
        execute(quality())
    write_data(stores, dict.fromkeys(range(20), "5000,red,9"))
    assert execute(quality(), run_id="run-2")["verdict"] == "warned"


def test_a_table_whose_rows_all_fail_stops_the_run(stores, execute):
    write_spec(stores.project, quality_gate="{max_quarantined: 0.999}")
    write_data(stores, {row: f"{5000 + row},red,9" for row in range(ROWS)})
    with pytest.raises(GateFailed, match=r"quality failed: x: 200 of 200 values"):
        execute(quality())
    assert counts(stores) == (200, 0, 200, 0)


def test_a_retry_after_a_kill_stores_the_rows_once(stores, execute, gated, monkeypatch):
    write_data(stores, {3: "5000,red,9", 4: "inf,red,12"})

    def killed(*_):
        raise LedgerError("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", killed)
        with pytest.raises(LedgerError):
            execute(quality())
    assert len(quarantine(stores).listing()) == 2
    execute(quality(), try_number=2)
    execute(quality(), try_number=3)
    execute(FeatureSnapshotOperator)

    (record,) = stores.records("quality")
    assert record.evidence["evidence"]["quarantine"]["version"] == 0
    assert [row.times_seen for row in quarantine(stores).listing()] == [1, 1]
    assert len(list((stores.home / "tables/small/quarantine/_delta_log").glob("*.json"))) == 1
    assert len(snapshot(stores)) == 198


def test_the_same_row_is_the_same_in_every_run(stores, execute, gated):
    write_data(stores, {3: "5000,red,9"})
    execute(quality())
    write_data(stores, {3: "0,red,9", 90: "5000,red,9", 91: "7000,red,9"})
    execute(quality(), run_id="run-2")

    seen = {row.position: (row.times_seen, row.dag_run) for row in quarantine(stores).listing()}
    assert seen == {90: (2, "run-2"), 91: (1, "run-2")}


class TestRelease:
    def test_the_next_run_lets_the_row_in_and_says_so(self, stores, execute):
        write_data(stores, {3: "5000,red,9", 4: "6000,red,12"})
        write_spec(stores.project, quality_gate="{max_quarantined: 0.005}")
        with pytest.raises(GateFailed):
            execute(quality())

        record = release(stores, next(row.id for row in quarantine(stores).listing() if row.position == 3))
        result = execute(quality(), run_id="run-2")
        execute(FeatureSnapshotOperator, run_id="run-2")

        assert (record.kind, record.step, record.actor) == ("release", "quarantine_release", "dana")
        assert result["verdict"] == "warned"
        assert counts(stores) == (200, 199, 1, 1)
        (share,) = checks(stores, "SL-Q006")
        assert share["message"] == ("1 of 200 rows (0.5 %) is quarantined, 1 let in again; max_quarantined = 0.005")
        (expectation,) = checks(stores, "SL-Q001")
        assert expectation["message"].endswith("; 1 row left out, 1 let in again")
        (readmitted,) = checks(stores, "SL-Q017")
        assert (readmitted["verdict"], readmitted["message"]) == ("passed", "1 failing row(s) let in")
        values = [row["x"] for row in snapshot(stores)]
        assert len(values) == 199
        assert 5000 in values
        assert 6000 not in values

    def test_of_equal_rows_one_is_let_in(self, stores, execute, gated):
        write_data(stores, dict.fromkeys((3, 4, 5), "5000,red,9"))
        execute(quality())

        first, *_ = sorted((row.id for row in quarantine(stores).listing()), key=len)
        release(stores, first)
        execute(quality(), run_id="run-2")

        assert counts(stores) == (200, 198, 2, 1)

    def test_a_row_that_left_the_source_is_appended_as_it_was(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        execute(quality())
        release(stores, id_of(stores, "x is outside"))

        write_data(stores)
        execute(quality(), run_id="run-2")
        execute(FeatureSnapshotOperator, run_id="run-2")

        assert counts(stores) == (201, 201, 0, 1)
        assert checks(stores, "SL-Q017")[0]["message"] == "1 released row(s) appended: the source no longer has them"
        (back,) = [row for row in snapshot(stores) if row["x"] == 5000]
        assert (back["colour"], back["y"]) == ("red", 9)

    def test_a_row_of_a_key_that_the_source_has_again_is_superseded(self, stores, execute):
        write_spec(stores.project, source=KEYED, quality_gate=GATE)
        write_data(stores, {3: "3,5000,red,9"}, header="id,x,colour,y")
        execute(quality())
        release(stores, id_of(stores, "x is outside"))

        write_data(stores, {3: "3,50,red,9"}, header="id,x,colour,y")
        execute(quality(), run_id="run-2")
        execute(FeatureSnapshotOperator, run_id="run-2")

        assert counts(stores) == (200, 200, 0, 0)
        assert "1 released row(s) superseded" in checks(stores, "SL-Q017")[0]["message"]
        assert 5000 not in [row["x"] for row in snapshot(stores)]

    def test_a_line_that_is_no_row_stays_out(self, stores, execute, gated):
        write_data(stores, more=["1,red"])
        execute(quality())
        release(stores, id_of(stores, "has 2 values"))

        assert execute(quality(), run_id="run-2")["verdict"] == "warned"
        assert counts(stores) == (201, 200, 1, 0)
        (readmitted,) = checks(stores, "SL-Q017")
        assert (readmitted["verdict"], readmitted["severity"]) == ("failed", "warning")
        assert (
            "line 202 has 2 values instead of 3, so it is no row; mend the line in the source" in readmitted["message"]
        )

    def test_a_row_with_an_infinite_feature_stays_out(self, stores, execute, gated):
        write_data(stores, {4: "inf,red,12"})
        execute(quality())
        release(stores, id_of(stores, "infinite"))

        assert execute(quality(), run_id="run-2")["verdict"] == "warned"
        assert counts(stores) == (200, 199, 1, 0)
        assert "column 'x' is infinite; mend it in the source" in checks(stores, "SL-Q017")[0]["message"]

    def test_of_a_quarantine_that_lost_rows_the_others_still_come_back(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        execute(quality())
        lost = id_of(stores, "x is outside")
        shutil.rmtree(stores.home / "tables/small/quarantine")
        write_data(stores, {4: "6000,red,9"})
        execute(quality(), run_id="run-2")
        release(stores, lost, id_of(stores, "x is outside"))

        write_data(stores)
        execute(quality(), run_id="run-3")

        message = checks(stores, "SL-Q017")[0]["message"]
        assert "1 released row(s) appended" in message
        assert (
            f"released row {lost!r} stays out: it neither fails in the source nor stands in the quarantine" in message
        )

    def test_the_same_release_is_recorded_once(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        execute(quality())
        found = id_of(stores, "x is outside")
        assert release(stores, found).position == release(stores, found).position

    def test_a_run_that_is_cleared_after_it_takes_the_row_all_the_way(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        for step in (quality(), FeatureSnapshotOperator):
            execute(step)
        release(stores, id_of(stores, "x is outside"))

        execute(quality(), try_number=2)
        execute(FeatureSnapshotOperator, try_number=2)

        assert counts(stores) == (200, 200, 0, 1)
        assert len(snapshot(stores)) == 200


class TestFeatures:
    def test_without_a_quality_step_all_rows_are_taken(self, stores, execute):
        write_data(stores, {3: "5000,red,9"})
        execute(FeatureSnapshotOperator)
        assert 5000 in [row["x"] for row in snapshot(stores)]

    def test_without_a_quality_step_lines_that_are_no_rows_are_refused(self, stores, execute):
        write_data(stores, more=["1,red"])
        with pytest.raises(
            GateFailed, match=r"1 ragged line: line 202 has 2 values instead of 3; put the step 'quality' before"
        ):
            execute(FeatureSnapshotOperator)
        assert stores.snapshots() == 0

    def test_after_a_refusal_nothing_is_taken(self, stores, execute):
        """A DAG may go on after a failed task (`all_done`); not on rows that nobody could look at."""
        (stores.project / "data/small.csv").write_text("x,colour\n1,red\n", encoding="utf-8")
        with pytest.raises(GateFailed):
            execute(quality())
        write_data(stores)
        with pytest.raises(GateFailed, match=r"needs the step 'quality', which ended errored: .*'y' .* is missing"):
            execute(FeatureSnapshotOperator)
        assert stores.snapshots() == 0

    def test_a_source_that_changed_since_is_refused(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        execute(quality())
        write_data(stores, {3: "5000,red,9", 4: "7000,red,9"})
        with pytest.raises(GateFailed, match="changed since its quality was checked in this run"):
            execute(FeatureSnapshotOperator)
        assert stores.snapshots() == 0

    def test_a_quarantine_that_is_gone_is_named(self, stores, execute, gated):
        write_data(stores, {3: "5000,red,9"})
        execute(quality())
        shutil.rmtree(stores.home / "tables/small/quarantine")
        with pytest.raises(
            GateFailed, match=r"quarantine version 0 of .* cannot be read: .* run the quality step again"
        ):
            execute(FeatureSnapshotOperator)
        assert stores.snapshots() == 0

    def test_a_check_of_the_users_own_puts_nothing_aside(self, stores, execute):
        from stageline.verdicts import Check, Report, Verdict

        class OwnQuality(DataQualityOperator):
            """Concludes by itself."""

            def check(self, run):
                check = Check(code="SL-X001", name="own", verdict=Verdict.PASSED, message="good")
                source = {"uri": run.source.uri, "digest": run.source.digest}
                return Report(step=self.step, checks=(check,), evidence={"source": source, "rows": "many"})

        write_data(stores, {3: "5000,red,9"})
        execute(OwnQuality)
        execute(FeatureSnapshotOperator)
        assert len(snapshot(stores)) == 200
