"""The archive: the same bytes wherever it is made, and loaded by what serves it."""

import importlib.util
import io
import tarfile

import pytest

from stageline.exceptions import ArtifactError, TargetError
from stageline.serving.sagemaker.archive import pack
from stageline.serving.sagemaker.shelf import Shelf


def unpacked(archive, folder):
    with tarfile.open(fileobj=io.BytesIO(archive.data), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")
    return folder


def test_the_same_model_gives_the_same_bytes_and_another_one_others(model_files):
    one, again, other = (pack(model_files[number][1], digest=model_files[number][0].digest) for number in (1, 1, 2))
    assert one == again
    assert one.digest != other.digest


def test_the_archive_names_nothing_of_the_machine_that_made_it(model_files, tmp_path):
    version, path = model_files[1]
    copied = tmp_path / "elsewhere.skops"
    copied.write_bytes(path.read_bytes())
    archive = pack(copied, digest=version.digest)
    assert archive == pack(path, digest=version.digest)
    assert archive.data[4:8] == bytes(4), "the time in gzip's own head"
    with tarfile.open(fileobj=io.BytesIO(archive.data), mode="r:gz") as tar:
        for entry in tar:
            assert (entry.mtime, entry.uid, entry.uname) == (0, 0, "")


def test_mlflow_loads_it_as_its_container_does(model_files, tmp_path):
    import mlflow.pyfunc
    import numpy as np

    version, path = model_files[1]
    folder = unpacked(pack(path, digest=version.digest), tmp_path)
    model = mlflow.pyfunc.load_model(str(folder))
    assert model.predict(np.array([[0.0], [2.0]])).tolist() == pytest.approx([1 / 3, 5 / 3])


def test_the_script_for_the_scikit_learn_container_loads_it(model_files, tmp_path):
    version, path = model_files[1]
    folder = unpacked(pack(path, digest=version.digest), tmp_path)
    spec = importlib.util.spec_from_file_location("inference", folder / "code" / "inference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert script.model_fn(str(folder)).predict([[2.0]]).tolist() == pytest.approx([5 / 3])


def test_a_model_with_types_of_our_own_list_is_loaded_with_those_and_no_others(tmp_path):
    import json

    import mlflow.pyfunc
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    from stageline.training import save_model

    rows = np.arange(60.0).reshape(-1, 1)
    model = HistGradientBoostingRegressor(max_iter=3).fit(rows, rows.ravel())
    digest = save_model(model, tmp_path / "m.skops")
    folder = unpacked(pack(tmp_path / "m.skops", digest=digest), tmp_path / "out")
    assert "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor" in json.loads(
        (folder / "trusted_types.json").read_text()
    )
    loaded = mlflow.pyfunc.load_model(str(folder))
    assert loaded.predict(rows[:5]).tolist() == model.predict(rows[:5]).tolist()


def test_another_file_than_the_one_released_is_not_packed(model_files):
    with pytest.raises(ArtifactError, match="recorded at training was"):
        pack(model_files[1][1], digest=model_files[2][0].digest)


def test_a_file_that_is_gone_is_named(model_files, tmp_path):
    with pytest.raises(ArtifactError, match="cannot be read at .*gone.skops"):
        pack(tmp_path / "gone.skops", digest=model_files[1][0].digest)


def test_an_archive_is_put_once_under_its_digest(case, aws):
    version, path = case.files[1]
    archive = pack(path, digest=version.digest)
    shelf = Shelf(case.clients.files, "s3://models/stageline")
    addresses = {shelf.put(archive) for _ in range(3)}
    assert addresses == {f"s3://models/stageline/{archive.digest}/model.tar.gz"}
    assert [held["data"] for held in aws.objects.values()] == [archive.data]
    assert aws.count("PutObject") == 1


def test_an_archive_that_was_replaced_is_refused(case, aws):
    version, path = case.files[1]
    archive = pack(path, digest=version.digest)
    shelf = Shelf(case.clients.files, "s3://models")
    shelf.put(archive)
    for found in ("AAAA", ""):
        next(iter(aws.objects.values()))["sha256"] = found
        with pytest.raises(TargetError, match="holds other bytes than were put there"):
            shelf.put(archive)


def test_two_that_put_at_once_put_the_same(case, aws):
    version, path = case.files[1]
    archive = pack(path, digest=version.digest)
    shelf = Shelf(case.clients.files, "s3://models")
    aws.fail("HeadObject", "404", status=404, times=1)
    shelf.put(archive)
    aws.fail("HeadObject", "404", status=404, times=1)
    assert shelf.put(archive).endswith("/model.tar.gz")
    assert (aws.count("PutObject"), len(aws.objects)) == (2, 1)


def test_the_container_is_told_where_the_model_is_and_the_archive_lies_where_sagemaker_looks(case, aws):
    case.serving(case.head())
    (model,) = aws.models.values()
    container = model["PrimaryContainer"]
    (stored,) = aws.objects
    assert f"s3:/{stored}" == container["ModelDataUrl"]
    assert container["Environment"]["STAGELINE_MODEL_DIGEST"] == case.model(1).digest
    assert container["Environment"]["SERVING_ENVIRONMENT"] == "SageMaker"
    assert model["ExecutionRoleArn"] == "arn:aws:iam::123456789012:role/serving"
