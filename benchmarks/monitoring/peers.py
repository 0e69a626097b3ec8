"""The same windows by Evidently's and NannyML's defaults, each in an environment of its own."""

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from monitoring.ours import renamed
from monitoring.rows import reference_rows, windows_of
from monitoring.scenarios import Scenario

PEERS = {
    # As new as they work with: neither says so itself.
    "evidently": ("evidently", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml", "pandas<3", "pyarrow", "statsmodels"),
}
# `realised` is told the true values; `estimated` is not.
RULES = {"evidently": ("preset", "any"), "nannyml": ("any", "realised", "estimated")}
SCRIPT = Path(__file__).resolve().parents[1] / "judgement_monitoring.py"


def lay_down(folder: Path, wanted: Iterable[Scenario]) -> None:
    """Write the windows that the peers judge, their references, and the list of both."""
    from pyarrow import concat_tables, parquet

    def write(table, name):
        parquet.write_table(renamed(table, "said", "prediction"), folder / f"{name}.parquet")

    jobs = []
    for scenario in wanted:
        if not scenario.peers:
            continue
        if not (folder / f"{scenario.reference}.parquet").exists():
            write(reference_rows(scenario.per_hour, scenario.world), scenario.reference)
        for place, (_, parts) in enumerate(windows_of(scenario)):
            if place in scenario.places:
                name = f"{scenario.name}-{place}"
                write(concat_tables(list(parts)), name)
                jobs.append({"window": name, "reference": scenario.reference, "rows": scenario.rows})
    (folder / "jobs.json").write_text(json.dumps(jobs), "utf-8")


def run_evidently(folder: Path, jobs: list[dict[str, object]]) -> Iterator[tuple[str, dict[str, bool]]]:
    import pandas as pd
    from evidently import Report
    from evidently.metrics import DriftedColumnsCount

    for job in jobs:
        known, seen = (
            pd.read_parquet(folder / f"{job[name]}.parquet").drop(columns="came") for name in ("reference", "window")
        )
        # The preset's own verdict: its other metrics draw the columns' charts, which takes most of its time.
        report = Report([DriftedColumnsCount()]).run(current_data=seen, reference_data=known)
        (drifted,) = report.dict()["metrics"]
        count, part = drifted["value"]["count"], drifted["value"]["share"]
        assert math.isclose(part * len(known.columns), count, abs_tol=1e-9), "a column was left out"
        yield job["window"], {"preset": part >= drifted["config"]["drift_share"], "any": count > 0}


def run_nannyml(folder: Path, jobs: list[dict[str, object]]) -> Iterator[tuple[str, dict[str, bool]]]:
    import pandas as pd

    fitted = {}
    for job in jobs:
        key = job["reference"], job["rows"]
        if key not in fitted:
            known = pd.read_parquet(folder / f"{job['reference']}.parquet")
            fitted[key] = fit_nannyml(known, min(job["rows"], len(known) // 10))
        seen = pd.read_parquet(folder / f"{job['window']}.parquet")
        drift, realised, estimated = fitted[key]
        found = _analysed(drift.calculate(seen.drop(columns="came")))
        alerts = [found[place].astype(bool).mean() for place in found.columns if place[2] == "alert"]
        assert len(alerts) == len(seen.columns) - 1, "a column was left out"
        with_labels = _analysed(realised.calculate(seen))["mae", "alert"].astype(bool).mean()
        without = _analysed(estimated.estimate(seen.drop(columns="came")))["mae", "alert"].astype(bool).mean()
        said = {"any": max(alerts), "realised": with_labels, "estimated": without}
        yield job["window"], {rule: part > 0.5 for rule, part in said.items()}


def fit_nannyml(known, size: int):
    """Fit univariate drift, realised performance, and performance as estimated by direct loss estimation."""
    import nannyml

    features = [name for name in known.columns if name not in ("prediction", "came")]
    drift = nannyml.UnivariateDriftCalculator(column_names=[*features, "prediction"], chunk_size=size)
    told = {"y_true": "came", "y_pred": "prediction", "metrics": ["mae"], "chunk_size": size}
    realised = nannyml.PerformanceCalculator(problem_type="regression", **told)
    estimated = nannyml.DLE(feature_column_names=features, **told)
    return drift.fit(known.drop(columns="came")), realised.fit(known), estimated.fit(known)


def _analysed(result):
    return result.filter(period="analysis").to_df(multilevel=True)


RUNNERS: dict[str, Callable[..., Iterator[tuple[str, dict[str, bool]]]]] = {
    "evidently": run_evidently,
    "nannyml": run_nannyml,
}


def child(name: str, folder: Path) -> None:
    """Run one peer in this process, and write what it said of each window."""
    jobs = json.loads((folder / "jobs.json").read_text("utf-8"))
    said = {
        window: {rule: bool(alarm) for rule, alarm in alarms.items()} for window, alarms in RUNNERS[name](folder, jobs)
    }
    (folder / f"{name}.json").write_text(json.dumps(said), "utf-8")


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """Make an environment of its own for a peer, and return its interpreter."""
    here, python = Path(sys.executable), folder / "bin" / "python"
    beside = here.with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv:
        steps = [[uv, "venv", "-q", "-p", here, folder], [uv, "pip", "install", "-q", "-p", python, *packages]]
    else:
        steps = [[here, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", *packages]]
    for step in steps:
        _checked(subprocess.run([str(part) for part in step], capture_output=True, text=True, check=False))
    return python


def _checked(done: "subprocess.CompletedProcess[str]") -> None:
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no words"])[-1][:300])


def ask(name: str, folder: Path) -> dict[str, dict[str, bool]] | str:
    """Return what a peer said of each window, or why it said nothing."""
    quiet = {"PYTHONWARNINGS": "ignore", "NML_DISABLE_USAGE_LOGGING": "1", "DO_NOT_TRACK": "1"}
    try:
        python = environment(folder / f"env-{name}", PEERS[name])
        _checked(
            subprocess.run(
                [str(python), str(SCRIPT), "--child", name, "--folder", str(folder)],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **quiet},
            )
        )
    except RuntimeError as error:
        return str(error)
    return json.loads((folder / f"{name}.json").read_text("utf-8"))
