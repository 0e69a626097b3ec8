"""Scoring while a canary is tried: each model its share, and the champion in the place of a canary that fails."""

import hashlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import skops.io
from operator_fixtures import point_at
from pilot_moments import score
from rollout_runs import head, scored, spoil, wait_for_look

from stageline.exceptions import TrackingError
from stageline.operators import RollbackOperator
from stageline.operators.champion import Champion
from stageline.serving.observed_predictions import ANSWERED, ObservedPredictions

pytestmark = pytest.mark.xdist_group("rollout")
ROWS = set(range(320))


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def tried(shelf, stores, execute):
    """Give the stores of a pipeline whose version 2 is tried at 25 %."""
    shelf.go_to("second approved", execute)
    wait_for_look(execute)
    assert (head(stores).canary.model.version, head(stores).canary.percent) == (2, 25)
    return stores


def test_each_model_answers_its_share_and_no_row_is_lost(tried, execute):
    by = scored(tried, execute, "monday")
    assert by[1] | by[2] == ROWS
    assert not by[1] & by[2]
    assert 0.15 < len(by[2]) / len(ROWS) < 0.35
    record = tried.records("score")[-1]
    assert record.sentence == (
        f"320 rows scored by model version 1, {len(by[2])} of them by its canary, version 2: partition 'monday'"
    )
    assert record.evidence["evidence"]["canary"]["events"] == len(by[2])


def test_a_row_meets_the_same_model_again_and_the_share_only_grows(tried, execute):
    monday, tuesday = scored(tried, execute, "monday"), scored(tried, execute, "tuesday")
    assert monday == tuesday
    with tried.ledger() as ledger:
        from stageline.operators.release_evidence import Entry

        known = ledger.head("small")
        entry = ledger.records("small", kinds=["canary"])[0]
        ledger.shift_canary(
            Entry(**{name: getattr(entry, name) for name in Entry.model_fields} | {"idempotency_key": "shift"}),
            50, sequence=known.canary.sequence,
        )  # fmt: skip
    wednesday = scored(tried, execute, "wednesday")
    assert wednesday[2] > monday[2]
    assert 0.4 < len(wednesday[2]) / len(ROWS) < 0.6


def test_the_champion_answers_for_a_canary_that_fails_and_the_failure_is_on_record(tried, execute):
    share = scored(tried, execute, "monday")[2]
    spoil(tried, head(tried).canary.model.digest)
    (tried.home / "artifacts").rename(tried.home / "elsewhere")
    try:
        by = scored(tried, execute, "tuesday")
    finally:
        (tried.home / "elsewhere").rename(tried.home / "artifacts")
    assert by == {1: ROWS}
    found = tried.records("score")[-1].evidence["evidence"]["canary"]
    assert (found["events"], found["version"]) == (len(share), 2)
    assert found["failure"].startswith("model version 2 of 'small': there is no file ")


def cannot_be_loaded(monkeypatch, digest):
    """Let what loads models raise for one file, as where a library has moved on."""
    loads = skops.io.loads

    def load(data, **given):
        if f"sha256:{hashlib.sha256(data).hexdigest()}" == digest:
            raise AttributeError("module 'sklearn.x' has no attribute 'Y'")
        return loads(data, **given)

    monkeypatch.setattr(skops.io, "loads", load)


def lies_nowhere(monkeypatch, digest):
    load = Champion.load

    def loaded(champion):
        if champion.version.digest == digest:
            raise TrackingError("MLflow is away")
        return load(champion)

    monkeypatch.setattr(Champion, "load", loaded)


def has_no_features(monkeypatch, digest):
    features = Champion.features.fget

    def recorded(champion):
        if champion.version.digest == digest:
            raise KeyError("snapshot")
        return features(champion)

    monkeypatch.setattr(Champion, "features", property(recorded))


@pytest.mark.parametrize(
    ("broken", "failure"),
    [
        (
            cannot_be_loaded,
            "model version 2 of 'small' cannot be loaded: AttributeError: module 'sklearn.x' has no attribute 'Y'; are "
            "the libraries here those that it was trained with?",
        ),
        (lies_nowhere, "MLflow is away"),
        (has_no_features, "it raised KeyError"),
    ],
)
def test_no_canary_keeps_the_champion_from_scoring(tried, execute, monkeypatch, broken, failure):
    broken(monkeypatch, head(tried).canary.model.digest)
    assert scored(tried, execute, "monday") == {1: ROWS}
    found = tried.records("score")[-1].evidence["evidence"]["canary"]
    assert found["failure"] == failure
    assert 0.15 < found["events"] / len(ROWS) < 0.35


def test_what_a_canary_said_is_not_written_once_its_rollout_is_over(tried, execute, monkeypatch):
    from stageline.serving import predictions

    publish = predictions.PredictionsTable.publish

    def undone_meanwhile(table, *given, **named):
        execute(RollbackOperator, run_id="back")
        return publish(table, *given, **named)

    monkeypatch.setattr(predictions.PredictionsTable, "publish", undone_meanwhile)
    with pytest.raises(Exception, match=r"rollout #\d+ ended while the rows were scored; nothing was written"):
        score(execute, run_id="monday")
    assert head(tried).canary is None
    assert head(tried).champion.version == 1


def test_a_row_that_is_scored_again_counts_once(tried, execute):
    known = head(tried)
    digests = [known.champion.digest, known.canary.model.digest]
    with tried.ledger() as ledger:
        begun = ledger.records("small", positions=[known.canary.sequence])[0].recorded_at
    observed = ObservedPredictions(tried.home / "tables/small/predictions", ["id", "at"], 1, begun)
    # What was predicted before the canary came is no part of it.
    assert [len(each) for each in observed.of(digests, begun, datetime.now(UTC))] == [0, 0]
    by = scored(tried, execute, "monday")
    between = datetime.now(UTC)
    scored(tried, execute, "tuesday")
    champion, canary = observed.of(digests, begun, between)
    assert (len(champion), len(canary)) == (len(by[1]), len(by[2]))
    assert np.isfinite(champion["prediction"].to_numpy()).all()
    times = {moment for table in (champion, canary) for moment in table[ANSWERED].to_pylist()}
    assert [begun < datetime.fromtimestamp(moment / 1e6, UTC) < between for moment in times] == [True]
    assert [len(each) for each in observed.of(digests, between, between + timedelta(days=1))] == [0, 0]
