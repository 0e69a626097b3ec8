"""The story that `make demo` tells of production, without Airflow's servers: what becomes of each canary, and why."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import TaskDeferred
from own_airflow import ROOT
from pilot_moments import approve, score, take
from rollout_runs import head, wait_until
from threadpoolctl import threadpool_limits

from stageline.demo.calendar import CALENDARS, write_window
from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReferenceProfileOperator,
    RolloutOperator,
    TrainOperator,
)
from stageline.standalone.production_story import ACTS, PIPELINE, SOURCE

pytestmark = pytest.mark.xdist_group("demo_production")
TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator,
)  # fmt: skip


@pytest.fixture(scope="module")
def kept():
    """Give a place for what takes a while to make."""
    return {}


@pytest.fixture
def told(kept, stores, execute, tmp_path, monkeypatch):
    """Play each act by the same operators; only once."""
    if kept:
        return SimpleNamespace(**kept)
    # What each column is worth is asked in other tests, and takes as long as all the rest.
    monkeypatch.setattr("stageline.evaluation.permutation_importance", lambda *_, **__: {})
    monkeypatch.setenv(CALENDARS, str(tmp_path))
    spec = (ROOT / f"config/pipelines/{PIPELINE}.yaml").read_text("utf-8")
    for pattern, instead in ((f"^pipeline: {PIPELINE}$", "pipeline: small"), (r"interval: \S+", "interval: PT1S")):
        spec = re.sub(pattern, instead, spec, flags=re.MULTILINE)
    (stores.project / "config/pipelines/small.yaml").write_text(spec, encoding="utf-8")
    with threadpool_limits(1):  # two threads that wait for each other on a busy machine take ten times as long
        acts = [_play(stores, execute, tmp_path, number) for number in range(len(ACTS))]
    with stores.ledger() as ledger:
        faults = ledger.verify()
    kept.update(acts=acts, records=stores.records(), faults=faults)
    return SimpleNamespace(**kept)


def _play(stores, execute, calendars, number):
    act, shares = ACTS[number], []
    when = {"run_id": f"act-{number}", "run_after": datetime(2026, 1, 1 + number, tzinfo=UTC)}
    write_window(calendars, SOURCE, act.window)
    take(execute, *TRAINED, **when)
    approve(execute, **when)
    sentence, why = "", ""
    while not sentence and not why:
        try:
            sentence = execute(RolloutOperator, **when)["sentence"]
        except GateFailed as error:
            why = str(error)
        except TaskDeferred as waiting:
            if (percent := head(stores).canary.percent) not in shares:
                shares.append(percent)
                write_window(calendars, SOURCE, act.live[percent])
                score(execute, run_id=f"act-{number}-at-{percent}")
            wait_until(waiting.trigger.moment)
    if sentence:
        score(execute, run_id=f"act-{number}-after")
    return SimpleNamespace(shares=shares, sentence=sentence, why=why, head=head(stores))


def test_each_act_ends_as_it_is_told(told):
    assert [act.shares for act in told.acts] == [list(act.live) for act in ACTS] == [[], [25, 50], [25]]
    assert [bool(act.sentence) for act in told.acts] == [act.released for act in ACTS]
    assert [act.head.champion.version for act in told.acts] == [1, 2, 2]
    assert [act.head.canary for act in told.acts] == [None, None, None]
    assert told.faults == []


def test_the_good_canary_is_promoted_for_what_is_ruled_out(told):
    assert told.acts[1].sentence.startswith("version 2 is the champion: every check passed at 50 %")


def test_the_model_that_learnt_doubled_rides_passes_the_gate_and_a_person(told):
    (gate,) = [record for record in told.records if (record.step, record.run_id) == ("evaluate", "act-2")]
    assert gate.verdict.advances
    assert "of the champion (version 2): better by" in gate.sentence


def test_its_losses_give_it_away_at_25_percent(told):
    assert re.match(
        r"rollout failed: the rollout is undone: the mean loss of the canary is [\d.]+ against [\d.]+ of the champion's",
        told.acts[2].why,
    )
    assert told.acts[2].why.endswith("max_loss = 25 %: harm beyond doubt")
