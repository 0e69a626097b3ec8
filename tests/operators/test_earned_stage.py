"""A stage that is declared and not earned: the gates run, and nothing is promoted; told, warned or held back."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from operator_fixtures import point_at
from pilot_moments import Shelf
from pilot_project import PILOT
from small_project import write_spec

from stageline.cli.card_file import recorded_file
from stageline.exceptions import ArtifactError, LedgerError
from stageline.operators import GateFailed, ReadinessOperator, ReleaseOperator
from stageline.operators.stage_card import digest_of_card, recorded_card
from stageline.readiness import TESTS, judge_readiness, read_facts
from stageline.readiness.graduation import Signed, attest
from stageline.spec import load_spec

pytestmark = pytest.mark.xdist_group("earned-stage")
LATER = {"run_id": "ready-1", "dag_id": "small.readiness", "run_after": datetime(2026, 11, 23, tzinfo=UTC)}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("earned"), mlflow_database)


@pytest.fixture
def approved(shelf, execute, stores):
    shelf.go_to("first approved", execute)
    return stores


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


def judged(stores):
    spec = load_spec(stores.project / "config/pipelines/small.yaml").spec
    with stores.ledger() as ledger:
        return judge_readiness(read_facts(ledger, "small", spec), datetime.now(UTC))


def enforce(stores, how):
    write_spec(stores.project, **{**PILOT, "readiness": f"{{enforce: {how}}}"})


def newest(stores, step):
    return stores.records(step)[-1]


def stage_check(stores):
    checks = newest(stores, "release").evidence["checks"]
    return next(check for check in checks if check["code"] == "SL-G007")


def test_where_it_is_only_told_a_release_goes_on_and_the_record_says_what_is_missing(approved, execute):
    assert not judged(approved).stage().earned
    result = execute(ReleaseOperator)

    assert result["sentence"] == "version 1 is the champion: approved by mo"
    check = stage_check(approved)
    assert (check["verdict"], check["severity"]) == ("failed", "info")
    assert "stage 'pilot' is not earned: the score is 0.5" in check["message"]


def test_a_warning_is_said_with_the_release(approved, execute):
    enforce(approved, "warn")
    assert "stage 'pilot' is not earned" in execute(ReleaseOperator)["sentence"]
    with approved.ledger() as ledger:
        assert ledger.head("small").generation == 1


def test_a_block_holds_the_release_back_until_the_stage_is_earned(approved, execute):
    enforce(approved, "block")
    with pytest.raises(
        GateFailed, match=r"stage 'pilot' is not earned: .*the least effort: SL-L301 Training is reproducible"
    ):
        execute(ReleaseOperator)
    with approved.ledger() as ledger:
        assert ledger.head("small").generation == 0
    # Every gate before it ran.
    assert newest(approved, "evaluate").verdict.advances
    assert newest(approved, "validate").verdict.advances

    loaded = load_spec(approved.project / "config/pipelines/small.yaml")
    with approved.ledger() as ledger:
        attest(ledger, loaded, "SL-L305", Signed("mo", "row 12 was followed", "mo"), datetime.now(UTC))
    assert judged(approved).stage().earned, judged(approved).stage().sentence
    execute(ReleaseOperator)
    with approved.ledger() as ledger:
        assert ledger.head("small").generation == 1
        assert ledger.verify("small") == []


def test_a_release_that_is_done_stays_done_whatever_becomes_of_the_stage(approved, execute):
    enforce(approved, "warn")
    execute(ReleaseOperator)
    enforce(approved, "block")
    assert "version 1 is the champion" in execute(ReleaseOperator, try_number=2)["sentence"]
    with approved.ledger() as ledger:
        assert ledger.head("small").generation == 1


def test_an_edited_ledger_holds_every_release_back(approved, execute, monkeypatch):
    enforce(approved, "block")
    from stageline.ledger import ChainFault, Ledger

    fault = ChainFault(pipeline="small", position=3, message="a value was edited")
    monkeypatch.setattr(Ledger, "verify", lambda *_: [fault])
    with pytest.raises(GateFailed, match=r"chain does not hold, so no stage is earned: #3: a value was edited"):
        execute(ReleaseOperator)


def test_tags_and_aliases_in_mlflow_change_nothing(approved):
    before = judged(approved)
    client = approved.mlflow()
    (run,) = approved.mlflow_runs()
    for name in ("quality", "evaluate", "drill", "readiness", "performance"):
        client.set_tag(run.info.run_id, f"stageline.{name}", "passed: everything is well")
    for test in TESTS:
        client.set_tag(run.info.run_id, f"stageline.readiness.{test.code}", "1.0")
    client.set_tag(run.info.run_id, "stageline.stage", "production")
    client.log_metric(run.info.run_id, "readiness/score", 7.0)
    after = judged(approved)
    assert [(each.test.code, each.points, each.message) for each in after.results] == [
        (each.test.code, each.points, each.message) for each in before.results
    ]
    assert after.stage().earned == before.stage().earned == False  # noqa: E712


class TestTheStep:
    def test_it_warns_where_nothing_is_enforced_and_writes_the_card(self, approved, execute):
        result = execute(ReadinessOperator, **LATER)
        assert result["verdict"] == "warned"
        record = newest(approved, "readiness")
        assert record.evidence["evidence"]["score"] == 0.5
        (run,) = [run for run in approved.mlflow_runs() if run.info.run_name == "ready-1"]
        names = {each.path for each in approved.mlflow().list_artifacts(run.info.run_id)}
        assert {"stage_card.html", "stage_card.md"} <= names
        for name in ("stage_card.html", "stage_card.md"):
            file = Path(approved.mlflow().download_artifacts(run.info.run_id, name))
            with approved.ledger() as ledger:
                assert recorded_file(ledger, "small", file).position == record.position
            file.write_text(file.read_text("utf-8").replace("0.5", "5.5"), encoding="utf-8")
            with approved.ledger() as ledger, pytest.raises(ArtifactError, match="was changed"):
                recorded_file(ledger, "small", file)
        assert run.data.metrics["readiness/score"] == 0.5

    def test_it_fails_where_the_stage_is_enforced(self, approved, execute):
        enforce(approved, "block")
        with pytest.raises(GateFailed, match="readiness failed: stage 'pilot' is not earned"):
            execute(ReadinessOperator, **LATER)

    def test_the_card_can_be_made_again_and_is_the_one_of_the_record(self, approved, execute):
        execute(ReadinessOperator, **LATER)
        record = newest(approved, "readiness")
        loaded = load_spec(approved.project / "config/pipelines/small.yaml")
        with approved.ledger() as ledger:
            attest(ledger, loaded, "SL-L105", Signed("di", "looked at", "di"), datetime.now(UTC))
            run = SimpleNamespace(
                ledger=ledger, name="small", spec=loaded.spec, project=loaded.project,
                settings=SimpleNamespace(airflow_ui=_airflow_ui()),
            )  # fmt: skip
            card = recorded_card(run, record.evidence["evidence"])
        assert digest_of_card(card) == record.evidence["evidence"]["card"]

    def test_a_new_day_is_judged_anew(self, approved, execute):
        execute(ReadinessOperator, **LATER)
        execute(ReadinessOperator, **{**LATER, "run_id": "ready-2"})
        assert len(approved.records("readiness")) == 2


def _airflow_ui():
    from stageline.operators.configuration import load_settings

    return load_settings().airflow_ui


def test_an_outage_is_no_fault_of_the_chain(approved, monkeypatch):
    from stageline.ledger import Ledger

    def away(*_, **__):
        raise LedgerError("the ledger cannot be reached")

    spec = load_spec(approved.project / "config/pipelines/small.yaml").spec
    with approved.ledger() as ledger:
        monkeypatch.setattr(Ledger, "records", away)
        with pytest.raises(LedgerError, match="cannot be reached"):
            read_facts(ledger, "small", spec)
