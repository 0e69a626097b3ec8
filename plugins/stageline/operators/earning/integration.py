"""Infrastructure 3: the whole pipeline, run from its source to its report in a home of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import Outage
from stageline.operators.earning.finding import Finding, NotRunError, held
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

_STEPS = ("quality", "features", "train", "evaluate", "report")
_SECONDS = 1_800
_RUN = "from stageline.cli import main; main()"
_FOREIGN = ("AIRFLOW", "STAGELINE", "MLFLOW_")


def run(run: "RunContext") -> Finding:
    """Copy spec and source to a scratch folder, run the POC's DAG there with `dag.test`, and read its ledger.

    :raises Outage: It did not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="stageline-integration-") as scratch:
        project = _project(run, Path(scratch))
        # The stores of the pipeline stay out of reach: nothing of the environment leads to them.
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        environment |= {"AIRFLOW_HOME": str(project / ".airflow"), "AIRFLOW__STAGELINE__HOME": str(project / "home")}
        try:
            done = subprocess.run(
                [sys.executable, "-c", _RUN, "run", run.name, "--project", str(project)],
                env=environment, cwd=project, capture_output=True, text=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Outage(f"the pipeline's run in a home of its own did not end within {_SECONDS:,} s") from error
        records = _records(project / "home", run.name)
    parts = [_part(step, records.get(step)) for step in _STEPS]
    ended = done.returncode == 0
    last = " ".join((done.stderr or done.stdout).split())[-300:]
    parts.append(("run", held(ended), "the DAG run succeeded" if ended else f"the DAG run failed: {last}"))
    bad = [text for _, verdict, text in parts if not verdict.advances]
    sentence = bad[0] if bad else f"the POC's DAG ran from source to report in a home of its own: {len(_STEPS)} steps"
    return Finding(sentence, parts)


def _project(run: "RunContext", scratch: Path) -> Path:
    if run.loaded is None:
        raise NotRunError("there is no spec to run")
    specs = scratch / "config/pipelines"
    specs.mkdir(parents=True)
    (scratch / "dags").mkdir()
    (specs / run.loaded.path.name).write_text(_as_poc(run.loaded.path), encoding="utf-8")
    uris = [run.spec.source.uri]
    if run.spec.release and run.spec.release.batch:
        uris.append(run.spec.release.batch.uri)
    for uri in dict.fromkeys(uris):
        _bring(uri, run.project, scratch)
    return scratch


def _as_poc(path: Path) -> str:
    """Return a spec as a POC's: written anew, so that it does not matter how the file says its stage."""
    from stageline.spec import Stage
    from stageline.spec.strict_yaml import parse_yaml

    said = parse_yaml(path.read_bytes(), file=path.name).value
    # JSON is YAML, too, and leaves no text unquoted that could be read as something else.
    return json.dumps({**said, "stage": Stage.POC.value}, ensure_ascii=False, indent=1)


def _bring(uri: str, project: Path, scratch: Path) -> None:
    if "://" in uri or not (source := project / uri).exists():
        return
    target = scratch / uri
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)


def _records(home: Path, name: str) -> "dict[str, Record]":
    from stageline.ledger import Ledger

    if not (home / "ledger.db").exists():
        return {}
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as ledger:
        return {record.step: record for record in ledger.records(name, newest_first=False)}


def _part(step: str, record: "Record | None") -> tuple[str, Verdict, str]:
    if record is None:
        return step, held(False), f"step {step!r} left no record"
    worked = record.verdict != "errored"
    return step, held(worked), f"step {step!r} {'did its work' if worked else 'errored'}: {record.sentence}"
