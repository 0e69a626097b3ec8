"""Every step records what it took: counted by the step itself where only it knows."""

import pytest
from operator_fixtures import point_at
from pilot_moments import Shelf
from small_project import write_spec

from stageline.costs.metering import Meter
from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ReportOperator,
    TrainOperator,
)
from stageline.operators.run_context import RunContext

STEPS = (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReportOperator)

pytestmark = pytest.mark.xdist_group("metered_steps")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("metered"), mlflow_database)


def by_step(stores):
    return {record.step: record.metered for record in stores.records()}


def test_a_run_counts_rows_bytes_and_predictions(stores, execute):
    for step in STEPS:
        execute(step)
    took = by_step(stores)
    size = (stores.project / "data/small.csv").stat().st_size
    assert all(set(each) == set(Meter().evidence()) for each in took.values())
    assert all(each["wall_seconds"] > 0 and each["peak_memory_gib"] > 0.01 for each in took.values())
    assert (took["quality"]["rows"], took["quality"]["bytes_read"]) == (200, size)
    assert (took["features"]["rows"], took["features"]["bytes_read"]) == (200, size)
    snapshot = took["features"]["bytes_written"]
    assert snapshot == sum(file.stat().st_size for file in (stores.home / "tables/small/features").glob("*.parquet"))
    assert (took["train"]["rows"], took["train"]["bytes_read"]) == (160, snapshot)
    assert took["train"]["bytes_written"] == stores.records("train")[0].evidence["evidence"]["model"]["size_bytes"]
    # The model, the dummy and the line.
    assert (took["evaluate"]["rows"], took["evaluate"]["predictions"]) == (40, 120)


def test_what_is_stored_already_is_not_written_again(stores, execute):
    for run_id in ("run-1", "run-2"):
        execute(FeatureSnapshotOperator, run_id=run_id)
    assert [record.metered["bytes_written"] > 0 for record in stores.records("features")] == [True, False]


def test_a_step_that_ran_already_meters_nothing_anew(stores, execute):
    execute(DataQualityOperator)
    first = stores.records()
    execute(DataQualityOperator, try_number=2)
    assert stores.records() == first


def test_a_step_that_is_refused_its_input_took_something_all_the_same(stores, execute):
    (stores.project / "data/small.csv").write_text("x,colour,y\n", encoding="utf-8")
    with pytest.raises(GateFailed):
        execute(DataQualityOperator)
    (record,) = stores.records()
    assert record.verdict == "errored"
    assert record.metered["wall_seconds"] > 0


def test_a_step_that_blocks_too(stores, execute):
    write_spec(stores.project, quality="[{type: expect_column_to_exist, column: z, severity: critical}]")
    with pytest.raises(GateFailed):
        execute(DataQualityOperator(task_id="quality", pipeline="small", mode="enabled"))
    (record,) = stores.records()
    assert (record.verdict, record.metered["rows"]) == ("failed", 200)


class TestServed:
    @pytest.fixture
    def stores(self, shelf, monkeypatch):
        point_at(shelf.stores, monkeypatch)
        return shelf.stores

    @pytest.fixture
    def scored(self, shelf, stores, execute):
        shelf.go_to("first scored", execute)
        return stores

    def test_scoring_counts_its_predictions_and_their_files(self, scored):
        took = by_step(scored)["score"]
        rows = scored.records("score")[0].evidence["evidence"]["rows"]
        assert (took["rows"], took["predictions"]) == (rows["in"], rows["scored"])
        assert took["bytes_read"] == (scored.project / "data/small.csv").stat().st_size
        written = (scored.home / "tables/small/predictions").rglob("*.parquet")
        assert took["bytes_written"] == sum(file.stat().st_size for file in written)


def test_a_source_is_counted_once_a_task(stores):
    from stageline.operators.configuration import load_settings
    from stageline.spec import load_spec

    loaded = load_spec(stores.project / "config/pipelines/small.yaml")
    with stores.ledger() as ledger:
        run = RunContext(
            name="small", loaded=loaded, project=loaded.project, settings=load_settings(), ledger=ledger, tracking=None,
            dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, run_after=None,
        )  # fmt: skip
        assert run.source.table.num_rows == run.source.table.num_rows == 200
    assert run.meter.bytes_read == run.source.size_bytes
