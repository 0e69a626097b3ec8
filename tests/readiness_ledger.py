"""A project with a real ledger in which every test of readiness is earned."""

from pathlib import Path

from full_evidence import full_log
from small_project import write_project

from stageline.ledger import Entry, Ledger, ModelVersion
from stageline.spec import load_spec
from stageline.spec.models import PipelineSpec
from stageline.verdicts import Mode

SPEC = """\
# the pipeline of the small town
pipeline: small
stage: pilot   # since June
owners: {business: dana, model: mo, data: di, operations: olu}
source: {uri: data/small.csv, keys: [id], event_time: at}
target: {column: y, task: regression}   # in pieces
quality:
  - {type: expect_column_values_to_not_be_null, column: x}
train: {estimator: sklearn.ensemble.RandomForestRegressor}
kpi: {metric: mean_absolute_error, max: 5, value_per_unit: 1}
gates: {slices: [colour]}
release: {target: batch, approvers: [model], rollout: {steps: [25], interval: PT1H, deadline: P1D}}
monitor: {window: P7D, drift: {fail_above: 0.1}, persist: {k: 1, n: 2}}
"""


def write_earned(folder: Path, ledger_file: str = "ledger.db") -> Path:
    """Write project and ledger to a folder; returns the pipeline's file."""
    write_project(folder / "project")
    path = folder / "project/config/pipelines/small.yaml"
    path.write_text(SPEC, encoding="utf-8")
    (folder / ledger_file).parent.mkdir(parents=True, exist_ok=True)
    with Ledger.open(f"sqlite:///{folder / ledger_file}") as ledger:
        fill(ledger, load_spec(path).spec)
    return path


def fill(ledger: Ledger, spec: PipelineSpec) -> None:
    """Append what `full_log` holds, with the head moved as releases move it."""
    for fact in full_log(spec).facts:
        evidence = {
            **fact.evidence,
            "checks": [check.model_dump(mode="json") for check in fact.checks],
            "step": fact.step,
        }
        entry = Entry(
            pipeline="small", kind=fact.kind, step=fact.step, verdict=fact.verdict, sentence=fact.sentence,
            evidence=evidence, stage="pilot", mode=Mode.ENABLED, dag_id="small.train", run_id=fact.run.partition("/")[2],
            task_id=fact.step, idempotency_key=f"{fact.position}", spec_digest="", package_version="1",
        )  # fmt: skip
        head = ledger.head("small")
        if fact.kind == "canary":
            entry = entry.model_copy(update={"evidence": {}})
            ledger.promote(entry.model_copy(update={"idempotency_key": "first"}), model(1), expected=head.generation)
            ledger.begin_canary(entry, model(2), 25, expected=head.generation + 1)
        elif fact.kind == "promotion":
            moved = {name: value for name, value in evidence.items() if name != "head_change"}
            ledger.promote(entry.model_copy(update={"evidence": moved}), model(2), expected=head.generation)
        else:
            ledger.append(entry)


def model(version: int) -> ModelVersion:
    return ModelVersion(
        version=version,
        uri="file:///m",
        digest=f"sha256:{version}",
        mlflow_run="r",
        snapshot=0,
        dag_run="small.train/t",
    )
