"""The commands of the way up, as a person types them, on a project in which every test is earned."""

import json
import os
import shutil

import pytest
from cli_process import call
from readiness_ledger import SPEC, write_earned

HERE = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    write_earned(folder, "project/.airflow/stageline/ledger.db")
    return folder / "project"


@pytest.fixture
def project(kept, tmp_path):
    shutil.copytree(kept, tmp_path / "project")
    return tmp_path / "project"


def run(project, *arguments):
    return call(project, *arguments, **HERE)


def test_every_test_is_shown_with_its_points_and_records(project):
    done = run(project, "readiness", "small")
    assert done.code == 0
    assert "data  6.5 of 7" in done.out
    assert "1   earned   SL-L301 Training is reproducible: earn passed (#6)" in done.out
    assert "score 6.5 (data 6.5, model 7, infrastructure 6.5, monitoring 7): exceptional" in done.out


def test_in_a_pull_request(project):
    done = run(project, "readiness", "small", "--ci")
    assert done.code == 0
    assert done.out.startswith("# small: stage pilot, score 6.5 (exceptional)")
    path = project / "config/pipelines/small.yaml"
    path.write_text(SPEC.replace("business: dana, ", ""), encoding="utf-8")
    missing = run(project, "readiness", "small", "--ci")
    # The spec itself lacks what its stage requires.
    assert missing.code == 1
    path.write_text(f"{SPEC}readiness: {{min_pilot: 7}}\n", encoding="utf-8")
    short = run(project, "readiness", "small", "--ci")
    assert short.code == 1
    assert "**failed**: stage 'pilot' is not earned" in short.out
    assert "- [ ] **SL-L105**" not in short.out  # half a point is all there is, and it is there


def test_as_json_and_a_tests_evidence_whole(project):
    card = json.loads(run(project, "readiness", "small", "--json").out)
    assert (card["score"], card["stage"], len(card["sections"])) == (6.5, "pilot", 4)
    record = json.loads(run(project, "readiness", "small", "--show", "SL-L301").out)
    assert (record["position"], record["kind"], record["evidence"]["evidence"]["code"]) == (6, "earned", "SL-L301")
    assert len(record["digest"]) == 64
    assert "there is no test 'SL-L999'" in run(project, "readiness", "small", "--show", "SL-L999").err


def test_up_and_down_with_a_card_between(project):
    path = project / "config/pipelines/small.yaml"
    up = run(project, "graduate", "small", "--to", "production", "--by", "dana", "--reason", "it earns its keep")
    assert up.code == 0, up.err
    assert path.read_text("utf-8") == SPEC.replace("stage: pilot   #", "stage: production   #")
    card = run(project, "card", "small", "--out", "card.html")
    assert card.code == 0, card.err
    page = (project / "card.html").read_text("utf-8")
    assert "from pilot to production by dana: it earns its keep" in page
    assert "<script" not in page
    down = run(project, "demote", "small", "--to", "pilot", "--by", "olu", "--reason", "the source is replaced")
    assert down.code == 0, down.err
    assert path.read_text("utf-8") == SPEC


def test_what_is_not_earned_comes_with_a_list(project):
    path = project / "config/pipelines/small.yaml"
    path.write_text(f"{SPEC}readiness: {{min_production: 7}}\n", encoding="utf-8")
    done = run(project, "graduate", "small", "--to", "production", "--by", "dana", "--reason", "please")
    assert done.code == 1
    assert "stage 'production' is not earned: the score is 6.5" in done.err
    assert path.read_text("utf-8").startswith(SPEC)


def test_a_persons_word(project):
    done = run(project, "attest", "small", "SL-L305", "--by", "mo", "--note", "row 12 was followed through")
    assert done.code == 0
    assert "attested by mo: row 12 was followed through; recorded as #" in done.out
    assert run(project, "attest", "small", "SL-L305", "--by", "mo", "--note", "").code == 1
