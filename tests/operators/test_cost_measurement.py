"""`stageline costs measure`: the newest run's model is loaded back, timed on its holdout, and the times are recorded."""

import pytest

from stageline.exceptions import CostError
from stageline.operators import (
    EvaluateOperator,
    FeatureSnapshotOperator,
    TrainOperator,
)
from stageline.operators.cost_grounds import Grounds
from stageline.operators.cost_measurement import measure_newest
from stageline.spec import load_spec


@pytest.fixture
def measure(stores):
    from stageline.operators.configuration import load_settings

    def run():
        loaded = load_spec(stores.project / "config/pipelines/small.yaml")
        with stores.ledger() as ledger:
            found = measure_newest(loaded, load_settings(), ledger, actor="mo")
            return found, Grounds.newest(ledger, "small").measured

    return run


def test_the_times_are_recorded_and_taken_until_there_is_another_model(stores, execute, measure):
    for operator in (FeatureSnapshotOperator, TrainOperator, EvaluateOperator):
        execute(operator)
    found, read = measure()
    assert read.points == found.points
    assert read.p99_ms == found.p99_ms
    (record,) = stores.records("measure")
    assert (record.kind, record.actor, record.stage) == ("measurement", "mo", "poc")
    assert "one row takes" in record.sentence
    # A run whose model is another one: what was measured of the old model says nothing of it.
    from small_project import write_rows

    write_rows(stores.project, shift=5)
    for operator in (FeatureSnapshotOperator, TrainOperator, EvaluateOperator):
        execute(operator, run_id="run-2")
    with stores.ledger() as ledger:
        assert Grounds.newest(ledger, "small").measured.points == ()


def test_without_a_run_there_is_nothing_to_measure(measure):
    with pytest.raises(CostError, match="no run of 'small' has measured how long the model takes"):
        measure()
