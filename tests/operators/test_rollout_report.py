"""The page of a rollout in the MLflow run of its candidate: what the ledger says, and no failure of its own."""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from rollout_records import BEGAN, HOUR, METRICS, TEST, at_later, entry, model, plan, record_rollout

from stageline.ledger import Ledger
from stageline.operators.aliases import tracking_of
from stageline.operators.configuration import load_settings
from stageline.operators.links import RolloutLink
from stageline.operators.rollout_report import PAGE, look_metrics, rollout_url, run_links, show_rollout
from stageline.operators.rollout_report_content import rollout_content
from stageline.operators.rollout_story import RolloutStory
from stageline.operators.run_context import RunContext
from stageline.reporting.rollout_headline import headline
from stageline.tracking import Tracking

pytestmark = pytest.mark.xdist_group("rollout_report")
# Few rows and two limits: what is shown does not depend on how long it takes.
QUICK = {"metrics": METRICS[:1], "steps": (25, 50)}


@pytest.fixture(scope="module")
def promoted(tmp_path_factory):
    """Return the ledger of a canary that passed an A/B test."""
    with _recorded(tmp_path_factory, plan(ab_test=TEST), rows=2_000, canary={"came": 0.2}) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def undone(tmp_path_factory):
    """Return the ledger of a canary that failed at 25 %."""
    broken = {"errors": 0.2, "kind": "not_finite"}
    with _recorded(tmp_path_factory, plan(), rows=2_000, worse_from=(25, broken)) as ledger:
        yield ledger


def _recorded(tmp_path_factory, asked, **given):
    ledger = Ledger.open(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}")
    record_rollout(ledger, asked, **given)
    return ledger


def story_of(ledger, sequence=4):
    return RolloutStory.of(ledger, "bikes", sequence)


def content_of(ledger, *, sequence=4, **given):
    return rollout_content(ledger, "bikes", story_of(ledger, sequence), **given)


class TestContent:
    def test_of_a_rollout_that_was_promoted(self, promoted):
        content = content_of(promoted, plan=plan(ab_test=TEST))
        assert (content.state, content.actor) == ("promoted", "")
        assert content.reason.startswith("A/B test: the canary is better") or "every check passed" in content.reason
        assert (content.candidate.version, content.champion.version) == (2, 1)
        assert [share.percent for share in content.shares] == [5, 25, 50]
        assert [look.number for look in content.looks] == [*range(1, len(content.looks) + 1)]
        assert content.looks[-1].action == "promote"
        assert content.ended == content.as_of == content.looks[-1].at
        assert (content.deadline, content.planned, content.unread) == (None, (), ())
        assert [answer.by for answer in content.approvals] == ["mo", "olu"]

    def test_each_limit_has_a_point_for_each_look_with_the_numbers_of_both_arms(self, promoted):
        content = content_of(promoted)
        assert [metric.kind for metric in content.metrics] == [
            "error_rate", "error_rate_own", "latency", "predictions", "kpi",
        ]  # fmt: skip
        for metric in content.metrics:
            assert len(metric.points) == len(content.looks)
            newest = metric.points[-1]
            assert newest.low <= newest.value <= newest.high
            if metric.kind != "error_rate_own":
                assert newest.canary == pytest.approx(newest.champion, rel=0.2, abs=0.005)

    def test_rows_of_each_step_are_those_of_its_own_hours(self, promoted):
        steps = content_of(promoted).steps
        assert sum(step.looks for step in steps) == len(content_of(promoted).looks)
        for step in steps:
            assert step.canary.events == 20 * step.percent * step.looks
            assert step.champion.events == 20 * (100 - step.percent) * step.looks
        assert steps[-1].until == content_of(promoted).ended

    def test_the_test_has_its_effect_over_the_looks(self, promoted):
        test = content_of(promoted).ab_test
        assert (test.outcome, test.stop, test.unit, test.least) == ("better", True, "points", 0.02)
        assert test.points[-1].low > 0
        assert test.until == content_of(promoted).shares[-1].at + 12 * HOUR
        assert len(test.points) == content_of(promoted).steps[-1].looks

    def test_of_a_canary_that_failed(self, undone):
        content = content_of(undone)
        assert (content.state, content.shares[-1].percent, content.ab_test) == ("undone", 25, None)
        assert content.reason.endswith("harm beyond doubt")
        assert content.steps[-1].canary.errors["not_finite"] > 50
        assert content.metrics[0].points[-1].verdict == "failed"

    def test_under_way_it_tells_the_plan_and_the_deadline(self, tmp_path_factory):
        with _recorded(tmp_path_factory, plan(**QUICK), looks=1, rows=100) as ledger:
            content = content_of(ledger, plan=plan(**QUICK))
            assert (content.state, content.ended) == ("under_way", None)
            assert (content.planned, content.deadline) == ((25, 50), BEGAN + 24 * HOUR)
            assert content.as_of == BEGAN + HOUR
            assert content_of(ledger).deadline is None

    def test_by_hand_it_names_who_ended_it(self, tmp_path_factory):
        with _recorded(tmp_path_factory, plan(**QUICK), looks=1, rows=100) as ledger:
            gone = entry("canary_end", "hand", "complaints", step="rollback", actor="dana")
            at_later(ledger, BEGAN + 2 * HOUR, lambda kept: kept.end_canary(gone, sequence=4))
            told = headline(content_of(ledger)).sentence.replace("\N{NO-BREAK SPACE}", " ")
            assert (
                told
                == "Version 2 was taken out of the traffic at 25 % by dana; version 1 stays the champion: complaints"
            )

    @pytest.mark.parametrize(("later", "state"), [((), "taken_back"), ((3,), "promoted")])
    def test_what_was_promoted_may_be_taken_back(self, tmp_path_factory, later, state):
        with _recorded(tmp_path_factory, plan(**QUICK), rows=4_000) as ledger:
            for version in later:
                ledger.promote(entry("promotion", version, "3 is the champion: better"), model(version), expected=2)
            ledger.roll_back(entry("rollback", "back", "too slow", step="rollback", actor="dana"))
            assert content_of(ledger).state == state

    def test_a_rollback_of_the_champion_ends_it(self, tmp_path_factory):
        with _recorded(tmp_path_factory, plan(**QUICK), looks=1, rows=100, champions=2) as ledger:
            ledger.roll_back(entry("rollback", "back", "complaints", step="rollback", actor="dana"))
            content = content_of(ledger, sequence=5)
            assert (content.state, content.actor, content.champion.version) == ("superseded", "dana", 2)
            assert headline(content).sentence.endswith("as the champion was changed by dana: complaints")

    def test_what_another_version_recorded_is_named_not_dropped(self, tmp_path_factory):
        with _recorded(tmp_path_factory, plan(**QUICK), looks=1, rows=100) as ledger:
            told = {
                "sequence": 4, "step": 0, "percent": 25, "at": (BEGAN + 2 * HOUR).isoformat(), "action": "hold",
                "reason": "?", "checks": [{"code": "new"}], "ab_test": {"outcome": "strange"},
            }  # fmt: skip
            position = ledger.append(entry("look", "odd", "?", told)).position
            content = content_of(ledger)
            assert content.unread == (f"checks of record #{position}", f"A/B test of record #{position}")
            assert len(content.looks) == 2
            assert len(content.metrics[0].points) == 1


@pytest.fixture
def shown(stores, tmp_path):
    """Give a run, a rollout under way after one look, and its candidate's MLflow run."""
    trained = stores.mlflow().create_run(stores.mlflow().create_experiment("bikes", str(tmp_path / "kept"))).info.run_id
    stores.mlflow().set_terminated(trained)
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        record_rollout(ledger, plan(**QUICK), looks=1, rows=100, mlflow_run=trained)
        yield SimpleNamespace(run=run_of(stores, ledger), ledger=ledger, trained=trained, stores=stores)


def run_of(stores, ledger, **changes):
    settings = load_settings()
    given = {
        "name": "bikes", "loaded": None, "project": stores.project, "settings": settings, "ledger": ledger,
        "tracking": tracking_of(settings), "dag_id": "bikes.train", "run_id": "r2", "task_id": "rollout",
        "map_index": -1, "try_number": 1, "run_after": datetime(2026, 11, 20, tzinfo=UTC),
    }  # fmt: skip
    return RunContext(**{**given, **changes})


def look_again(ledger, number, percent=25):
    at = BEGAN + number * HOUR
    told = {
        "sequence": 4, "step": 0, "percent": percent, "at": at.isoformat(), "action": "hold", "reason": "too few",
        "checks": [],
    }  # fmt: skip
    at_later(ledger, at, lambda kept: kept.append(entry("look", number, "too few", told)))


def history(stores, trained, name="rollout/percent"):
    return [(each.step, each.value) for each in stores.mlflow().get_metric_history(trained, name)]


def page_of(stores, trained, tmp_path):
    return Path(stores.mlflow().download_artifacts(trained, PAGE, str(tmp_path))).read_text("utf-8")


class TestShowing:
    def test_the_page_and_a_step_for_each_look_are_in_the_candidates_run(self, shown, tmp_path):
        show_rollout(shown.run, story_of(shown.ledger))
        assert "is held at 25" in page_of(shown.stores, shown.trained, tmp_path)
        look_again(shown.ledger, 2)
        show_rollout(shown.run, story_of(shown.ledger))
        run = shown.stores.mlflow().get_run(shown.trained)
        assert run.info.status == "FINISHED"
        assert history(shown.stores, shown.trained) == [(1, 25.0), (2, 25.0)]
        assert len(history(shown.stores, shown.trained, "rollout/error_rate_champion")) == 1
        assert page_of(shown.stores, shown.trained, tmp_path).count('<tr><td class="num">') == 2

    def test_done_twice_it_adds_nothing(self, shown):
        for _ in range(2):
            show_rollout(shown.run, story_of(shown.ledger))
        assert history(shown.stores, shown.trained) == [(1, 25.0)]

    def test_while_mlflow_is_away_the_rollout_goes_on_and_later_all_is_logged(self, shown, caplog, tmp_path):
        away = run_of(shown.stores, shown.ledger, tracking=Tracking(f"sqlite:///{tmp_path}"))
        with caplog.at_level(logging.WARNING):
            show_rollout(away, story_of(shown.ledger))
        assert "the rollout goes on, but MLflow does not show it yet" in caplog.text
        look_again(shown.ledger, 2)
        show_rollout(shown.run, story_of(shown.ledger))
        assert history(shown.stores, shown.trained) == [(1, 25.0), (2, 25.0)]

    def test_mlflow_is_asked_once_while_a_look_waits_to_be_acted_on(self, shown, monkeypatch):
        names = ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT")
        monkeypatch.setenv(names[0], "3")
        monkeypatch.delenv(names[1], raising=False)
        seen = []

        class Watched(Tracking):
            def reach(self):
                seen.append(tuple(map(os.environ.get, names)))
                return super().reach()

        show_rollout(
            run_of(shown.stores, shown.ledger, tracking=Watched(load_settings().tracking_uri)), story_of(shown.ledger)
        )
        assert set(seen) == {("0", "5")}
        assert os.environ[names[0]] == "3"
        at_later(
            shown.ledger, BEGAN + 2 * HOUR, lambda kept: kept.end_canary(entry("canary_end", "x", "x"), sequence=4)
        )
        seen.clear()
        show_rollout(
            run_of(shown.stores, shown.ledger, tracking=Watched(load_settings().tracking_uri)), story_of(shown.ledger)
        )
        assert {retries for retries, _ in seen} == {"3"}

    def test_a_run_that_was_deleted_does_not_stop_the_rollout(self, shown, caplog):
        shown.stores.mlflow().delete_run(shown.trained)
        show_rollout(shown.run, story_of(shown.ledger))
        assert "MLflow does not show it yet" in caplog.text

    def test_nor_does_a_fault_of_the_page_itself(self, shown, caplog, monkeypatch):
        from stageline.reporting import rollout_page

        def fail(_content):
            raise ZeroDivisionError

        monkeypatch.setattr(rollout_page, "render_rollout_page", fail)
        show_rollout(shown.run, story_of(shown.ledger))
        assert "its page could not be made" in caplog.text

    def test_the_numbers_of_a_look_have_names_of_their_own(self, promoted):
        found = look_metrics(story_of(promoted).looks[-1])
        assert {
            "rollout/percent", "rollout/error_rate_increase", "rollout/error_rate_canary", "rollout/error_rate_champion",
            "rollout/error_rate_own", "rollout/latency_increase", "rollout/latency_ms_canary",
            "rollout/predictions_distance", "rollout/kpi_loss", "rollout/ab_test_effect",
        } <= found.keys()  # fmt: skip
        assert found["rollout/percent"] == 50
        assert [*found][-1] == "rollout/percent"

    def test_where_mlflow_has_a_server_the_page_has_an_address(self, shown):
        assert rollout_url(shown.run, story_of(shown.ledger)) is None
        tracking = Tracking(load_settings().tracking_uri, ui="http://127.0.0.1:5000")
        served = run_of(shown.stores, shown.ledger, tracking=tracking)
        url = rollout_url(served, story_of(shown.ledger))
        assert url == f"http://127.0.0.1:5000/#/experiments/1/runs/{shown.trained}/artifacts/rollout/index.html"
        operator = SimpleNamespace(rollout_url=url)
        assert RolloutLink().get_link(operator, ti_key=None) == url
        assert RolloutLink().get_link(SimpleNamespace(), ti_key=None) == ""

    def test_a_model_that_mlflow_does_not_know_has_no_link(self, shown):
        tracking = Tracking(load_settings().tracking_uri, ui="http://127.0.0.1:5000")
        assert [*run_links(tracking, ["nowhere", shown.trained])] == [shown.trained]
