"""Up by evidence, down by a word: on a real ledger and a real file."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from readiness_ledger import SPEC, write_earned

from stageline.exceptions import LedgerError, SpecError, StageError
from stageline.ledger import Entry, Ledger
from stageline.readiness import TESTS, judge_readiness, read_facts
from stageline.readiness.graduation import NotEarnedError, Signed, attest, demote, graduate
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
    assert record.evidence["spec_after"] == load_spec(path).digest == record.spec_digest
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
    with pytest.raises(SpecError, match=r"stage 'production' needs monitor.persist in 'small.yaml'"):
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


@pytest.mark.parametrize(("by", "reason"), [("", "it has shown its worth"), ("dana", " "), (" ", "yes")])
def test_a_step_is_signed(by, reason):
    with pytest.raises(SpecError):
        Signed(by, reason, "x")


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
    ledger.append(
        Entry(
            pipeline="small", step="drill", verdict=Verdict.FAILED, sentence="it failed",
            evidence=Report(step="drill", checks=(Check(code="SL-D002", name="x", verdict="failed", message="no"),), evidence={"n": 1}).as_json(),
            stage="pilot", mode=Mode.ENABLED, dag_id="", run_id="x", task_id="", idempotency_key="later", spec_digest="", package_version="1",
        )
    )  # fmt: skip
    assert next(read_facts(ledger, "small", spec).of("drill")).sentence == "it failed"
    assert next(read_facts(ledger, "small", spec, until=newest).of("drill")).sentence == "drill passed"
