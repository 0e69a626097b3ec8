"""A canary that does wrong is undone at the first look, at whatever step; one that does right goes on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from faulty_models import Faulty
from served_project import rows_of, split
from waiting_for import wait_for

from stageline.release.rollout.decision import Look, decide
from stageline.release.rollout.judge import judge_traffic
from stageline.serving.http import HttpTarget
from stageline.spec.rollout import Rollout

STEPS = (5, 25, 50)
PLAN = Rollout.model_validate(
    {
        "steps": STEPS, "interval": timedelta(seconds=1), "deadline": timedelta(hours=1), "min_events": 50,
        "metrics": (
            {"metric": "error_rate", "max_increase": 0.2},
            {"metric": "predictions", "max_distance": 0.6},
            {"metric": "latency", "quantile": 0.5, "max_increase": 2.0},
        ),
    }
)  # fmt: skip
_versions = iter(range(400, 500))


@pytest.fixture
def looked(served, server):
    """Return a function that lets a model be asked beside the champion, and gives what a look at it decides."""

    def look(model, percent, calls):
        version = next(_versions)
        served.train(version, model)
        target = HttpTarget(served.tables, (server.url,), timeout=20.0)
        sequence = served.begin(version, percent)
        try:
            head = served.head()
            wait_for(lambda: not target.converge(head).pending, seconds=20)
            began = datetime.now(UTC)
            champion = head.champion
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda key: server.ask(split(rows_of(key, key + 1))), range(calls)))
            now = datetime.now(UTC)
            traffic = [target.observe(head, began, now)]
            assert served.head().champion == champion
        finally:
            served.end(sequence)
            wait_for(lambda: not target.converge(served.head()).pending, seconds=20)
        checks = judge_traffic(traffic, PLAN.metrics, min_events=PLAN.min_events, alpha=PLAN.alpha)
        step = STEPS.index(percent)
        found = decide(
            PLAN, [Look(now, step, checks)], step=step, percent=percent, step_began=began - PLAN.interval, now=now
        )  # fmt: skip
        return SimpleNamespace(action=found.action, reason=found.reason, checks=checks)

    return look


@pytest.mark.parametrize("percent", STEPS)
@pytest.mark.parametrize("how", ["nan", "raises", "wrong_shape"])
def test_a_canary_whose_answers_are_errors_is_undone_at_the_first_look(looked, how, percent):
    # Which callers the canary gets goes by a hash of the rollout: some fifty at least, never only ten.
    decision = looked(Faulty(how), percent, calls=max(300, 5_000 // percent))
    assert decision.action == "roll_back"
    assert decision.reason.startswith("error_rate of the canary is 100.0 % against 0.0 % of the champion's")


@pytest.mark.parametrize("percent", STEPS)
def test_a_dead_canary_is_undone_at_the_first_look(looked, percent):
    decision = looked(Faulty("hangs"), percent, calls=3_000 // percent)
    assert decision.action == "roll_back"
    assert decision.reason.startswith("error_rate of the canary is 100.0 % against 0.0 % of the champion's")


@pytest.mark.parametrize(("percent", "calls"), [(5, 1_500), (25, 400), (50, 300)])
def test_a_constant_canary_is_undone_at_the_first_look(looked, percent, calls):
    decision = looked(Faulty("constant"), percent, calls)
    assert decision.action == "roll_back"
    assert "predictions of the canary" in decision.reason


@pytest.mark.parametrize(("percent", "calls"), [(5, 1_500), (25, 300), (50, 200)])
def test_a_slow_canary_is_undone_at_the_first_look(looked, percent, calls):
    decision = looked(Faulty(seconds=0.25), percent, calls)
    assert decision.action == "roll_back"
    (latency,) = [check for check in decision.checks if check.code == "SL-R012"]
    assert latency.verdict == "failed", latency.message


def test_too_few_events_are_held(looked):
    decision = looked(Faulty(base=0.0), 25, calls=3)
    assert decision.action == "hold"


def test_zero_traffic_is_held(looked):
    decision = looked(Faulty(base=0.0), 25, calls=0)
    assert decision.action == "hold"
