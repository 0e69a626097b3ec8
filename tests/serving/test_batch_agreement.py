"""Whether the batch target is what the head says."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from stageline.ledger import Head, ModelVersion
from stageline.serving import ModelFiles, PredictionsTable
from stageline.serving.agreement import Agreement, agreement
from stageline.training.model_file import digest_file

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def head(*models):
    versions = [
        ModelVersion(version=number, uri="u", digest=digest, mlflow_run="r", snapshot=0, dag_run="d/r")
        for number, digest in enumerate(models, start=1)
    ]
    return Head(pipeline="small", generation=len(versions), champion=versions[-1] if versions else None)


@pytest.fixture
def kept(tmp_path):
    file = tmp_path / "model"
    file.write_bytes(b"a model")
    digest = digest_file(file)
    return digest, ModelFiles(tmp_path / "tables/models").keep(file, digest)


def score(tables, digest, partition):
    table = PredictionsTable(tables / "predictions")
    with table.stage(pa.schema({"prediction": pa.float64()})) as staged:
        with staged.open() as file:
            file.write(pa.table({"prediction": [1.0]}))
            files = [file.close()]
        table.publish(
            staged, files, partition, about={"stageline.model_digest": digest, "stageline.partition": partition}
        )


def test_without_a_champion_all_is_well(tmp_path):
    assert agreement(tmp_path, head(), LONG_AGO) == Agreement()


def test_predictions_of_the_champion_agree(tmp_path, kept):
    digest, _ = kept
    score(tmp_path / "tables", digest, "monday")
    assert agreement(tmp_path / "tables", head(digest), LONG_AGO) == Agreement()


def test_predictions_of_another_model_after_the_change_are_a_fault(tmp_path, kept):
    digest, _ = kept
    score(tmp_path / "tables", digest, "monday")
    score(tmp_path / "tables", "sha256:other", "tuesday")
    found = agreement(tmp_path / "tables", head("sha256:other", digest), LONG_AGO)
    assert found.faults == (
        "the newest predictions of 'small' (partition 'tuesday') are not of version 2, which was in use when they were "
        "written: score again",
    )


def test_predictions_from_before_the_change_only_lag(tmp_path, kept):
    digest, _ = kept
    score(tmp_path / "tables", "sha256:other", "monday")
    found = agreement(tmp_path / "tables", head("sha256:other", digest), datetime.now(UTC) + timedelta(seconds=1))
    assert found.faults == ()
    assert "older than version 2 in use" in found.lags[0]


def test_a_kept_file_that_was_edited_is_a_fault(tmp_path, kept):
    digest, file = kept
    file.write_bytes(b"another model")
    (fault,) = agreement(tmp_path / "tables", head(digest), LONG_AGO).faults
    assert "is not kept unchanged in" in fault
