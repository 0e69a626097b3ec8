"""Up by evidence, down by a word: on a real ledger and a real file."""

import pathlib
import shutil
import sqlite3
import subprocess
import sys
import unicodedata
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readiness_ledger import SPEC, write_earned

from stageline.exceptions import LedgerError, SpecError, StageError
from stageline.ledger import Entry, Ledger
from stageline.readiness import TESTS, content_digest, judge_readiness, read_facts
from stageline.readiness.graduation import NotEarnedError, Signed, attest, demote, disagreement, graduate
from stageline.spec import Stage, load_spec
from stageline.verdicts import Check, Mode, Report, Verdict

SIGNED = Signed("dana", "it has shown its worth", "dana-the-user")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give a project and a ledger in which every test is earned, to copy."""
    folder = tmp_path_factory.mktemp("kept")
    write_earned(folder)
    return folder


@pytest.fixture
def place(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def ledger(place):
    with Ledger.open(f"sqlite:///{place / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def path(place):
    return place / "project/config/pipelines/small.yaml"


def readiness(ledger, path):
    return judge_readiness(read_facts(ledger, "small", load_spec(path).spec), datetime.now(UTC))


def unguard(database):
    """Take away the triggers that refuse edits, as somebody who wants to edit would."""
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")


def edit(place, **change):
    """Edit a row of the ledger as somebody with the database would; its chain stays as it was."""
    ((column, (old, new)),) = change.items()
    with closing(sqlite3.connect(place / "ledger.db")) as database, database:
        unguard(database)
        done = database.execute(
            f"UPDATE stageline_record SET {column} = replace({column}, ?, ?) WHERE {column} LIKE ?",
            (old, new, f"%{old}%"),
        )
        assert done.rowcount >= 1


def test_the_ledger_gives_every_test_its_points(ledger, path):
    found = readiness(ledger, path)
    assert found.faults == ()
    assert {each.test.code: each.points for each in found.results if each.points < 1} == {
        "SL-L105": 0.5,
        "SL-L305": 0.5,
    }
    assert {each.digest for result in found.results for each in result.evidence} <= {
        record.digest for record in ledger.records("small")
    }


def test_up_a_stage_changes_one_line_and_says_who_and_why(ledger, path):
    record = graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, readiness(ledger, path))

    assert path.read_text("utf-8") == SPEC.replace("stage: pilot   # since", "stage: production   # since")
    assert record.sentence == "from pilot to production by dana: it has shown its worth"
    assert (record.kind, record.actor, record.verdict) == ("graduation", "dana-the-user", Verdict.PASSED)
    assert record.evidence["readiness"]["score"] == 6.5
    assert set(record.evidence["readiness"]["tests"]) == {test.code for test in TESTS}
    assert record.evidence["file_before"] == f"sha256:{sha256(SPEC.encode()).hexdigest()}"
    assert record.evidence["file_after"] == f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    assert record.stage == "production"
    assert ledger.verify("small") == []
    assert readiness(ledger, path).stage().earned


def test_what_is_not_earned_is_refused_with_the_list(ledger, path):
    path.write_text(
        SPEC.replace(
            "owners: {business: dana, model: mo, data: di, operations: olu}",
            "owners: {business: dana, model: mo, data: di}",
        ),
        encoding="utf-8",
    )
    before = path.read_bytes()
    with pytest.raises(
        NotEarnedError, match=r"SL-L001 owners are named: the spec names no owners.operations"
    ) as caught:
        graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, readiness(ledger, path))
    assert [each.code for each in caught.value.judged.todo if each.needed] == ["SL-L001"]
    assert path.read_bytes() == before
    assert ledger.records("small", kinds=("graduation",)) == []


def test_a_spec_that_lacks_a_section_of_the_stage_is_refused(ledger, path):
    path.write_text(SPEC.replace(", persist: {k: 1, n: 2}", ""), encoding="utf-8")
    attest_review(ledger, path)
    with pytest.raises(NotEarnedError, match=r"has no monitor.persist; e.g. monitor: {.*persist: {k: 2, n: 3}}"):
        graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, readiness(ledger, path))


def attest_review(ledger, path):
    attest(ledger, load_spec(path), "SL-L201", Signed("mo", "looked at it", "mo"), datetime.now(UTC))


@pytest.mark.parametrize(
    ("to", "sentence"),
    [(Stage.PILOT, "the next one is 'production', not 'pilot'"), (Stage.POC, "the next one is 'production', not 'poc'")],
)  # fmt: skip
def test_only_one_stage_up(ledger, path, to, sentence):
    with pytest.raises(StageError, match=sentence):
        graduate(ledger, load_spec(path), to, SIGNED, readiness(ledger, path))


def test_from_a_poc_not_straight_to_production(ledger, path):
    path.write_text(SPEC.replace("stage: pilot", "stage: poc"), encoding="utf-8")
    with pytest.raises(StageError, match="the next one is 'pilot', not 'production'"):
        graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, readiness(ledger, path))


def test_down_a_stage_needs_no_evidence(ledger, path):
    record = demote(ledger, load_spec(path), Stage.POC, SIGNED, readiness(ledger, path))
    assert record.sentence == "down from pilot to poc by dana: it has shown its worth"
    assert path.read_text("utf-8") == SPEC.replace("stage: pilot", "stage: poc")
    with pytest.raises(StageError, match="'pilot' is not below it"):
        demote(ledger, load_spec(path), Stage.PILOT, SIGNED, readiness(ledger, path))


def test_without_its_record_a_step_did_not_happen(ledger, path, monkeypatch):
    found = readiness(ledger, path)

    def full(entry):
        raise LedgerError("the disk is full")

    monkeypatch.setattr(ledger, "append", full)
    with pytest.raises(LedgerError, match="the disk is full"):
        graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, found)
    assert path.read_text("utf-8") == SPEC


def record_of(ledger, kind="graduation"):
    return ledger.records("small", kinds=(kind,))


def up(ledger, path, readiness, signed=SIGNED):
    return graduate(ledger, load_spec(path), Stage.PRODUCTION, signed, readiness)


def failed_drill(ledger, key="late"):
    report = Report(step="drill", checks=(Check(code="SL-D002", name="x", verdict="failed", message="no"),))
    return ledger.append(
        Entry(
            pipeline="small", step="drill", verdict=Verdict.FAILED, sentence="it failed",
            evidence={**report.as_json(), "evidence": {"n": 1}}, stage="pilot", mode=Mode.ENABLED, dag_id="", run_id="x",
            task_id="", idempotency_key=key, spec_digest="", package_version="1",
        )
    )  # fmt: skip


class TestWhatHappensBetweenJudgingAndMoving:
    @pytest.mark.parametrize(("old", "new"), [("max: 5,", "max: 500,"), ("stage: pilot", "stage: poc")])
    def test_an_edited_file_is_not_moved(self, ledger, path, old, new):
        loaded, found = load_spec(path), readiness(ledger, path)
        path.write_text(SPEC.replace(old, new), encoding="utf-8")
        with pytest.raises(SpecError, match="was changed since it was judged; nothing was written"):
            graduate(ledger, loaded, Stage.PRODUCTION, SIGNED, found)
        with pytest.raises(SpecError, match="was changed since it was judged"):
            demote(ledger, loaded, Stage.POC, SIGNED, found)
        assert path.read_text("utf-8") == SPEC.replace(old, new)
        assert record_of(ledger) == []

    def test_a_drill_that_fails_meanwhile_counts(self, ledger, path):
        found = readiness(ledger, path)
        failed_drill(ledger)
        with pytest.raises(NotEarnedError, match="SL-L003 a rollback drill passed: it failed"):
            up(ledger, path, found)
        assert path.read_text("utf-8") == SPEC
        assert record_of(ledger) == []

    def test_what_changes_nothing_does_not_stop_the_step(self, ledger, path):
        found = readiness(ledger, path)
        attest(ledger, load_spec(path), "SL-L105", SIGNED, datetime.now(UTC))
        assert up(ledger, path, found).evidence["readiness"]["upto"] == record_of(ledger, "attestation")[0].position

    def test_a_drill_that_fails_just_before_the_record_takes_it_back(self, ledger, path, monkeypatch):
        found, append = readiness(ledger, path), ledger.append

        def late(entry):
            monkeypatch.setattr(ledger, "append", append)
            failed_drill(ledger)
            return append(entry)

        monkeypatch.setattr(ledger, "append", late)
        with pytest.raises(NotEarnedError, match="it failed"):
            up(ledger, path, found)
        assert path.read_text("utf-8") == SPEC
        back, step = record_of(ledger)
        assert (back.evidence["from"], back.evidence["to"], back.evidence["takes_back"]) == (
            "production", "pilot", step.position,
        )  # fmt: skip
        assert disagreement(readiness(ledger, path).facts) == ""

    def test_two_people_at_once_leave_one_record(self, ledger, path, monkeypatch):
        found, append = readiness(ledger, path), ledger.append

        def another_first(entry):
            monkeypatch.setattr(ledger, "append", append)
            up(ledger, path, found, Signed("mo", "me first", "mo"))
            return append(entry)

        monkeypatch.setattr(ledger, "append", another_first)
        assert up(ledger, path, found).evidence["by"] == "mo"
        assert len(record_of(ledger)) == 1
        assert load_spec(path).spec.stage is Stage.PRODUCTION


KILLED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from stageline.ledger import Ledger
from stageline.readiness import judge_readiness, read_facts
from stageline.readiness import stage_step
from stageline.readiness.graduation import Signed, graduate
from stageline.spec import Stage, load_spec

append = Ledger.append
def killed(self, entry):
    append(self, entry)
    os.kill(os.getpid(), 9)
Ledger.append = killed
loaded = load_spec(Path(sys.argv[1]))
with Ledger.open(sys.argv[2]) as ledger:
    judged = judge_readiness(read_facts(ledger, "small", loaded.spec), datetime.now(UTC))
    graduate(ledger, loaded, Stage.PRODUCTION, Signed("dana", "it has shown its worth", "x"), judged)
"""


class TestARecordWithoutItsFile:
    @pytest.fixture
    def cut_off(self, ledger, path, monkeypatch):
        """Give a step that is on record, and whose file could not be changed."""

        def gone(*_):
            raise OSError(30, "Read-only file system")

        with monkeypatch.context() as patched:
            patched.setattr(pathlib.Path, "replace", gone)
            with pytest.raises(SpecError, match=r"Read-only file system; the step is on record as #\d+ already: run"):
                up(ledger, path, readiness(ledger, path))
        (record,) = record_of(ledger)
        assert path.read_text("utf-8") == SPEC
        assert [each.name for each in path.parent.iterdir()] == ["small.yaml"]
        return record

    def test_is_told(self, ledger, path, cut_off):
        assert disagreement(readiness(ledger, path).facts) == (
            f"the file says stage 'pilot', on record is 'production' (#{cut_off.position}): stageline graduate small "
            "--to production puts it into the file, stageline demote small --to pilot takes it back"
        )

    def test_is_finished_by_the_same_command(self, ledger, path, cut_off):
        done = up(ledger, path, readiness(ledger, path), Signed("mo", "once more", "mo"))
        assert done == cut_off
        assert record_of(ledger) == [cut_off]
        assert load_spec(path).spec.stage is Stage.PRODUCTION
        assert disagreement(readiness(ledger, path).facts) == ""

    def test_is_not_finished_where_it_is_no_longer_earned(self, ledger, path, cut_off):
        failed_drill(ledger)
        with pytest.raises(NotEarnedError):
            up(ledger, path, readiness(ledger, path))
        assert record_of(ledger) == [cut_off]

    def test_is_taken_back_by_going_down(self, ledger, path, cut_off):
        record = demote(ledger, load_spec(path), Stage.PILOT, SIGNED, readiness(ledger, path))
        assert record.sentence == "down from production to pilot by dana: it has shown its worth"
        assert path.read_text("utf-8") == SPEC
        assert disagreement(readiness(ledger, path).facts) == ""
        # The next step up is another one, with a record of its own.
        assert up(ledger, path, readiness(ledger, path)).position > record.position > cut_off.position

    def test_of_another_file_is_no_step_of_this_one(self, ledger, path, cut_off):
        path.write_text(SPEC.replace("# since June", "# since July"), encoding="utf-8")
        assert up(ledger, path, readiness(ledger, path)).position > cut_off.position

    def test_of_a_process_that_was_killed_is_finished(self, ledger, path, place):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, path, f"sqlite:///{place / 'ledger.db'}"], check=False, capture_output=True
        )
        assert done.returncode == -9, done.stderr
        assert path.read_text("utf-8") == SPEC
        (record,) = record_of(ledger)
        assert up(ledger, path, readiness(ledger, path)) == record
        assert path.read_text("utf-8") == SPEC.replace("stage: pilot   #", "stage: production   #")

    def test_whose_answer_was_lost_goes_on(self, ledger, path, monkeypatch):
        append = ledger.append

        def lost(entry):
            append(entry)
            raise LedgerError("the connection was lost")

        monkeypatch.setattr(ledger, "append", lost)
        record = up(ledger, path, readiness(ledger, path))
        assert record_of(ledger) == [record]
        assert load_spec(path).spec.stage is Stage.PRODUCTION


def test_a_file_that_was_raised_by_hand_is_told(ledger, path):
    demote(ledger, load_spec(path), Stage.POC, SIGNED, readiness(ledger, path))
    path.write_text(SPEC, encoding="utf-8")
    assert "change the file back, and go up with stageline graduate small --to pilot" in disagreement(
        readiness(ledger, path).facts
    )


def test_the_ledgers_own_error_is_told_where_somebody_edits_meanwhile(ledger, path, monkeypatch):
    def away(_):
        path.write_text(f"{SPEC}# somebody\n", encoding="utf-8")
        raise LedgerError("the ledger is down")

    found = readiness(ledger, path)
    monkeypatch.setattr(ledger, "append", away)
    with pytest.raises(LedgerError, match="the ledger is down"):
        up(ledger, path, found)
    assert path.read_text("utf-8") == f"{SPEC}# somebody\n"


@pytest.mark.parametrize(
    "refuse", [lambda path: path.chmod(0o444), lambda path: path.with_suffix(".bak").hardlink_to(path)]
)
def test_a_file_that_cannot_be_changed_is_found_before_anything_is_recorded(ledger, path, refuse):
    refuse(path)
    with pytest.raises(SpecError):
        up(ledger, path, readiness(ledger, path))
    assert record_of(ledger) == []
    assert path.read_text("utf-8") == SPEC


def test_only_an_owner_moves_a_pipeline(ledger, path):
    stranger = Signed("somebody", "it has shown its worth", "x")
    named = r"'somebody', who is no owner of 'small'; its file names dana \(business\), mo \(model\), di \(data\), olu"
    with pytest.raises(SpecError, match=named):
        up(ledger, path, readiness(ledger, path), stranger)
    with pytest.raises(SpecError, match=named):
        demote(ledger, load_spec(path), Stage.POC, stranger, readiness(ledger, path))
    assert record_of(ledger) == []
    assert path.read_text("utf-8") == SPEC


def test_an_owner_whose_name_the_file_writes_oddly_can_sign(ledger, path):
    path.write_text(SPEC.replace("model: mo", 'model: "Mo  of\\u200b Milan "'), encoding="utf-8")
    signed = Signed("Mo  of Milan", "it may go up", "mo")
    attest(ledger, load_spec(path), "SL-L005", signed, datetime.now(UTC))
    judged = readiness(ledger, path)
    met = next(each for each in judged.stage(Stage.PRODUCTION).requirements if each.requirement.code == "SL-L005")
    assert met.message == "A person approved: attested by Mo of Milan: it may go up"
    demote(ledger, load_spec(path), Stage.POC, signed, judged)
    assert load_spec(path).spec.stage is Stage.POC


@pytest.mark.parametrize(
    ("by", "reason"),
    [
        ("", "it has shown its worth"), ("dana", " "), (" ", "yes"), ("\u200b", "it has shown its worth"),
        ("dana", "\u200b\u200b\u200b"), ("\x1b\u2060", "yes"), ("dana", "a\u0301\u0301\u0301"), ("dana", "\xa0\u3000\t\n"),
    ],
)  # fmt: skip
def test_a_step_is_signed_by_what_can_be_seen(by, reason):
    with pytest.raises(SpecError):
        Signed(by, reason, "x")


def test_what_a_person_wrote_is_kept_on_one_line_without_what_steers_a_terminal():
    signed = Signed("da\u200bna\x1b[31m", "first\n## second\x9b2J \u202ethird \U0001f469\u200d\U0001f52c", "dana\x07")
    assert (signed.by, signed.actor) == ("dana [31m", "dana")
    assert signed.reason == "first ## second 2J third \U0001f469\u200d\U0001f52c"


@given(st.text(), st.text())
def test_no_signature_holds_a_control_character(by, reason):
    try:
        signed = Signed(by, reason, "x")
    except SpecError:
        return
    for text in (signed.by, signed.reason):
        assert text == text.strip()
        assert not {unicodedata.category(each) for each in text} & {"Cc", "Cs", "Zl", "Zp"}


EDITS = {
    "a verdict": {"verdict": ("passed", "warned")},
    "a sentence": {"sentence": ("drill passed", "drill passed well")},
    "a time": {"recorded_at": ("2026", "2027")},
    "who said it": {"evidence": ('"by":"dana"', '"by":"mo"')},
    "what was found": {"evidence": ('"worth":1.0', '"worth":0.5')},
    "which test": {"evidence": ('"code":"SL-L301"', '"code":"SL-L302"')},
}


class TestAnEditedLedger:
    @pytest.mark.parametrize("what", EDITS)
    def test_is_found_and_nothing_in_it_is_evidence(self, ledger, path, place, what):
        if what == "a time":
            year = datetime.now(UTC).strftime("%Y")
            edit(place, recorded_at=(year, str(int(year) + 1)))
        else:
            edit(place, **EDITS[what])
        found = readiness(ledger, path)
        assert found.faults
        assert not found.stage().earned
        assert not found.stage(Stage.POC).earned
        with pytest.raises(StageError, match="the ledger's chain does not hold"):
            graduate(ledger, load_spec(path), Stage.PRODUCTION, SIGNED, found)
        assert path.read_text("utf-8") == SPEC

    def test_a_record_that_nobody_can_read_is_found(self, ledger, path, place):
        edit(place, verdict=("passed", "perfect"))
        assert "cannot be read, so it was edited" in readiness(ledger, path).faults[0]

    def test_a_record_that_was_taken_out_is_found(self, ledger, path, place):
        with closing(sqlite3.connect(place / "ledger.db")) as database, database:
            unguard(database)
            database.execute("DELETE FROM stageline_record WHERE position = 12")
        assert "missing" in readiness(ledger, path).faults[0]


def test_nobody_attests_in_a_ledger_that_does_not_hold(ledger, path, place):
    edit(place, **EDITS["a sentence"])
    before = ledger.newest("small").position
    with pytest.raises(StageError, match="the ledger's chain does not hold"):
        attest(ledger, load_spec(path), "SL-L105", SIGNED, datetime.now(UTC))
    assert ledger.newest("small").position == before


def test_down_is_possible_in_a_ledger_that_does_not_hold(ledger, path, place):
    edit(place, verdict=("passed", "perfect"))
    demote(ledger, load_spec(path), Stage.POC, SIGNED, readiness(ledger, path))
    assert load_spec(path).spec.stage is Stage.POC


class TestAttestations:
    def test_are_dated_signed_and_worth_a_half(self, ledger, path, tmp_path):
        with Ledger.open(f"sqlite:///{tmp_path / 'new.db'}") as empty:
            record = attest(
                empty, load_spec(path), "SL-L105", Signed("di", "access was looked at", "di-user"), datetime.now(UTC)
            )
            found = {each.test.code: each for each in readiness(empty, path).results}
        assert (
            record.sentence
            == "The data pipeline has appropriate privacy controls: attested by di: access was looked at"
        )
        assert (record.kind, record.actor) == ("attestation", "di-user")
        assert found["SL-L105"].points == 0.5
        assert sum(each.points for each in found.values()) == 0.5
        assert record.evidence["content"] == content_digest(load_spec(path).spec)

    def test_of_nothing_are_refused(self, ledger, path):
        with pytest.raises(SpecError, match="'SL-L999' is nothing that a person can attest; these are: SL-L101"):
            attest(ledger, load_spec(path), "SL-L999", SIGNED, datetime.now(UTC))

    def test_an_approval_is_an_approvers(self, ledger, path):
        with pytest.raises(SpecError, match="'dana' is no approver: release.approvers names mo"):
            attest(ledger, load_spec(path), "SL-L005", SIGNED, datetime.now(UTC))
        attest(ledger, load_spec(path), "SL-L005", Signed("mo", "it may go up", "mo"), datetime.now(UTC))
        met = next(
            each
            for each in readiness(ledger, path).stage(Stage.PRODUCTION).requirements
            if each.requirement.code == "SL-L005"
        )
        assert met.message == "A person approved: attested by mo: it may go up"


def test_what_comes_after_a_moment_is_not_looked_at(ledger, path):
    spec = load_spec(path).spec
    newest = ledger.records("small", limit=1)[0].position
    failed_drill(ledger)
    assert next(read_facts(ledger, "small", spec).of("drill")).sentence == "it failed"
    assert next(read_facts(ledger, "small", spec, until=newest).of("drill")).sentence == "drill passed"
