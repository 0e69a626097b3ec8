"""The commands of the way up, as a person types them, on a project in which every test is earned."""

import json
import shutil
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from readiness_ledger import SPEC, write_earned
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    write_earned(folder, "project/.airflow/stageline/ledger.db")
    return folder / "project"


@pytest.fixture
def project(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def run(project, monkeypatch):
    """Type the command in the project's folder, in this process: Airflow need not be loaded for each."""
    # The command sets it; it ends with the test.
    monkeypatch.setenv("AIRFLOW__STAGELINE__PIPELINES_FOLDER", "")
    monkeypatch.setenv("AIRFLOW__STAGELINE__HOME", str(project / ".airflow/stageline"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(project)

    def run(*arguments):
        from stageline.cli.app import app

        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return SimpleNamespace(code=done.exit_code, out=done.stdout, err=done.stderr)

    return run


def test_every_test_is_shown_with_its_points_and_records(run):
    done = run("readiness", "small")
    assert done.code == 0
    assert "data  6.5 of 7" in done.out
    assert "1   earned   SL-L301 Training is reproducible: earn passed (#6)" in done.out
    assert "score 6.5 (data 6.5, model 7, infrastructure 6.5, monitoring 7): exceptional" in done.out


def test_in_a_pull_request(run, project):
    done = run("readiness", "small", "--ci")
    assert done.code == 0
    assert done.out.startswith("# small: stage pilot, score 6.5 (exceptional)")
    path = project / "config/pipelines/small.yaml"
    path.write_text(SPEC.replace("business: dana, ", ""), encoding="utf-8")
    missing = run("readiness", "small", "--ci")
    # The spec itself lacks what its stage requires.
    assert missing.code == 1
    path.write_text(f"{SPEC}readiness: {{min_pilot: 6.5}}\n", encoding="utf-8")
    short = run("readiness", "small", "--ci")
    assert short.code == 1
    assert "**failed**: stage 'pilot' is not earned" in short.out
    assert "- [ ] **SL-L105**" not in short.out  # half a point is all there is, and it is there


def test_as_json_and_a_tests_evidence_whole(run):
    card = json.loads(run("readiness", "small", "--json").out)
    assert (card["score"], card["stage"], len(card["sections"])) == (6.5, "pilot", 4)
    record = json.loads(run("readiness", "small", "--show", "SL-L301").out)
    assert (record["position"], record["kind"], record["evidence"]["evidence"]["code"]) == (6, "earned", "SL-L301")
    assert len(record["digest"]) == 64
    assert "there is no test 'SL-L999'" in run("readiness", "small", "--show", "SL-L999").err


def test_up_and_down_with_a_card_between(run, project):
    path = project / "config/pipelines/small.yaml"
    up = run("graduate", "small", "--to", "production", "--by", "dana", "--reason", "it earns its keep")
    assert up.code == 0, up.err
    assert path.read_text("utf-8") == SPEC.replace("stage: pilot   #", "stage: production   #")
    card = run("card", "small", "--out", "card.html")
    assert card.code == 0, card.err
    page = (project / "card.html").read_text("utf-8")
    assert "from pilot to production by dana: it earns its keep" in page
    assert "<script" not in page
    down = run("demote", "small", "--to", "pilot", "--by", "olu", "--reason", "the source is replaced")
    assert down.code == 0, down.err
    assert path.read_text("utf-8") == SPEC


def test_a_card_says_which_record_it_is_and_a_changed_one_is_found(run, project):
    for name in ("card.html", "card.md"):
        done = run("card", "small", "--out", name)
        assert done.code == 0, done.err
        number = done.out.rpartition("#")[2].strip()
        text = (project / name).read_text("utf-8")
        assert f"record #{number} of the ledger, sha256:" in text
        good = run("card", "small", "--verify", name)
        assert (good.code, f"{name} is the card of record #{number}, of " in good.out) == (0, True)
        (project / name).write_text(text.replace("6.5", "7.5", 1), encoding="utf-8")
        changed = run("card", "small", "--verify", name)
        assert (changed.code, f"'{name}' was changed: it is not what record #{number}" in changed.err) == (1, True)


def test_a_card_is_recorded_only_where_it_can_be_written(run, project):
    before = json.loads(run("history", "small", "--json", "--limit", "1").out)["position"]
    nowhere = run("card", "small", "--out", "nowhere/card.html")
    assert (nowhere.code, "there is no folder 'nowhere'; make it first" in nowhere.err) == (1, True)
    assert run("card", "small", "--out", "card.txt").code == 1
    (project / "loop.md").symlink_to("loop.md")
    assert "'loop.md' cannot be written" in run("card", "small", "--out", "loop.md").err
    assert json.loads(run("history", "small", "--json", "--limit", "1").out)["position"] == before


@pytest.fixture
def broken(project):
    """Give a project in whose ledger somebody edited a sentence."""
    with closing(sqlite3.connect(project / ".airflow/stageline/ledger.db")) as database, database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE stageline_record SET sentence = 'x' WHERE position = 2")
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        ["readiness", "small"], ["readiness", "small", "--ci"], ["readiness", "small", "--json"],
        ["readiness", "small", "--show", "SL-L301"], ["readiness", "small", "--earn", "SL-L201"],
        ["attest", "small", "SL-L105", "--by", "di", "--note", "looked at it"],
        ["graduate", "small", "--to", "production", "--by", "dana", "--reason", "it earns its keep"],
        ["card", "small"], ["card", "small", "--out", "card.html"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_broken_chain_is_said_and_gives_no_score(run, broken, arguments):
    done = run(*arguments)
    assert done.code == 1
    assert "chain does not hold" in done.err or "chain does not hold" in done.out.splitlines()[2]
    for text in ("exceptional", "6.5", "graduated", "attested by"):
        assert text not in done.out
    assert not (broken / "card.html").exists()
    with closing(sqlite3.connect(broken / ".airflow/stageline/ledger.db")) as database:
        assert database.execute("SELECT max(position) FROM stageline_record").fetchone() == (31,)


def test_nothing_that_a_person_wrote_steers_the_terminal(run):
    done = run("attest", "small", "SL-L105", "--by", "\x1b[31mdana", "--note", "looked\x1b]0;t\x07 at it [bold]x[/]")
    assert done.code == 0, done.err
    assert "attested by [31mdana: looked ]0;t at it [bold]x[/]; recorded" in done.out
    assert "\x1b" not in done.out + run("readiness", "small").out


def test_a_record_that_the_file_does_not_follow_is_told(run, project):
    path = project / "config/pipelines/small.yaml"
    up = ["graduate", "small", "--to", "production", "--by", "dana", "--reason", "it earns its keep"]
    assert run(*up).code == 0
    path.write_text(SPEC, encoding="utf-8")
    note = "the file says stage 'pilot', on record is 'production' (#32): stageline graduate small --to production puts"
    assert note in run("readiness", "small").out
    assert f"**warned**: {note}" in run("readiness", "small", "--ci").out
    again = run(*up)
    assert (again.code, "recorded as #32" in again.out) == (0, True), again.err
    assert note not in run("readiness", "small").out


def test_only_an_owner_goes_up(run):
    done = run("graduate", "small", "--to", "production", "--by", "eve", "--reason", "it earns its keep")
    assert done.code == 1
    assert "its file names dana (business), mo (model), di (data), olu (operations)" in done.err


def test_what_is_not_earned_comes_with_a_list(run, project):
    path = project / "config/pipelines/small.yaml"
    path.write_text(f"{SPEC}readiness: {{min_production: 6.5}}\n", encoding="utf-8")
    done = run("graduate", "small", "--to", "production", "--by", "dana", "--reason", "please")
    assert done.code == 1
    assert "stage 'production' is not earned: the score is 6 (" in done.err
    assert path.read_text("utf-8").startswith(SPEC)


def test_a_persons_word(run):
    done = run("attest", "small", "SL-L305", "--by", "mo", "--note", "row 12 was followed through")
    assert done.code == 0
    assert "attested by mo: row 12 was followed through; recorded as #" in done.out
    assert run("attest", "small", "SL-L305", "--by", "mo", "--note", "").code == 1
