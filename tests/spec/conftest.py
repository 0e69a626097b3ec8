"""A project in a temporary folder, and specs that are right."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stageline.exceptions import SpecError
from stageline.spec import LoadedSpec, load_spec

PILOT = """\
pipeline: bike_demand
stage: pilot
owners: {business: dana@example.com, model: ml@example.com, data: d@example.com, operations: o@example.com}
source: {uri: data/bike_sharing_hour.csv, event_time: dteday, keys: [instant]}
target: {column: cnt, task: regression, label_delay: P1D}
features: {exclude: [casual, registered]}
quality:
  - {type: expect_column_values_to_be_between, column: hum, min_value: 0, max_value: 1, severity: critical}
train: {estimator: sklearn.ensemble.HistGradientBoostingRegressor, params: {max_iter: 300}}
kpi: {metric: mean_absolute_error, max: 60, value_per_unit: 0.15}
gates: {min_improvement: 0.0, slices: [season, workingday], max_slice_regression: 0.10}
release: {target: batch, approvers: [model]}
monitor: {window: P7D, drift: {measure: jensen_shannon, fail_above: 0.1}, persist: {k: 2, n: 3}}
"""
POC = """\
pipeline: wine
stage: poc
source: {uri: sklearn://wine}
target: {column: target, task: classification}
train: {estimator: sklearn.linear_model.LogisticRegression}
kpi: {metric: accuracy_score, min: 0.9}
"""


@pytest.fixture
def pilot() -> str:
    return PILOT


@pytest.fixture
def production() -> str:
    rollout = "rollout: {steps: [5, 25, 100], interval: PT1H, deadline: P1D}"
    return PILOT.replace("stage: pilot", "stage: production").replace("[model]}", f"[model], {rollout}}}")


@pytest.fixture
def poc() -> str:
    return POC


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "config" / "pipelines").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def load(project: Path) -> Callable[[str | bytes], LoadedSpec]:
    """Write a spec under the name it gives itself (else `bike_demand`) and load it."""

    def write_and_load(content: str | bytes) -> LoadedSpec:
        name = "wine" if isinstance(content, str) and content.startswith("pipeline: wine\n") else "bike_demand"
        path = project / "config" / "pipelines" / f"{name}.yaml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_spec(path)

    return write_and_load


@pytest.fixture
def refusal(load: Callable[[str | bytes], LoadedSpec]) -> Callable[[str | bytes], list[str]]:
    """Load a spec that is wrong and return the lines of its error, without the file's folder."""

    def lines(content: str | bytes) -> list[str]:
        with pytest.raises(SpecError) as caught:
            load(content)
        return [line.removeprefix("config/pipelines/") for line in str(caught.value).splitlines()]

    return lines
