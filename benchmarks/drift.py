"""Drift: what comparing fifty columns with their reference costs, beside those who do the same.

`python benchmarks/drift.py [--quick]` prints a table, and as its last line one JSON object.

The tables have 50 columns: 30 floats with skew, nulls and outliers, 10 integers, 10 strings of 5 to 5,000 categories;
seven columns of the current one were changed, and Stageline must call these failed and no other. It reads the profile
that was made of the reference beforehand, and the current table. whylogs reads a profile of its own, too; Evidently,
NannyML and plain SciPy keep none and read both tables. Each peer has an environment of its own and does what its guide
does by default. The floor is DuckDB's sum of all columns: the least that reading the current table costs. Each run is
a process of its own: `whole` is from its start to its end, `peak` the most memory it held, `found` how many of the
changed columns it found, and how many others it took for changed.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZES = {"100 k": 100_000, "1 M": 1_000_000, "10 M": 10_000_000}
ROUNDS = 3
CHUNK = 1_000_000
ROW_GROUP = 122_880
CHANGED = {"f0", "f1", "f2", "i0", "i7", "s0", "s6"}
OURS, FLOOR = "stageline", "sum of all columns, DuckDB"
PEERS = {
    # As new as they work with: none of these three says so itself.
    "evidently": ("evidently", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml", "pandas<3", "pyarrow", "statsmodels"),
    "whylogs": ("whylogs[viz]", "numpy<2", "pandas<3", "pyarrow<22"),
    "scipy": ("scipy", "pandas", "pyarrow"),
}
FASTER = {"evidently": 100.0, "nannyml": 25.0, "scipy": 15.0}
FLOORS, PEAK, FLAT, LINEAR = 3.0, 500, 1.2, 10.0


def lay_down(path: Path, rows: int, *, current: bool) -> None:
    """Write a table, a million rows at a time."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    def part(count: int, seed: int) -> pa.Table:
        draw = np.random.default_rng(seed)
        columns = {}
        for place in range(30):
            changed = current and f"f{place}" in CHANGED
            if place % 2:
                values = draw.lognormal(0.5 if changed else 0, 1, count) * (place + 1)
            else:
                values = draw.normal(place, (1 + place / 5) * (2 if changed else 1), count)
            values[draw.random(count) < 0.001] *= 50
            columns[f"f{place}"] = pa.array(values, mask=draw.random(count) < 0.02)
        for place in range(10):
            drawn = draw.random(count) ** (2 if current and f"i{place}" in CHANGED else 1)
            columns[f"i{place}"] = pa.array((drawn * 10 ** (place % 5 + 1)).astype(np.int64))
        for place, size in enumerate(np.geomspace(5, 5_000, 10).astype(int)):
            weights = 1 / np.arange(1, size + 1)
            if current and f"s{place}" in CHANGED:
                weights = weights[::-1]
            drawn = draw.choice(size, count, p=weights / weights.sum())
            columns[f"s{place}"] = pa.array([f"category {place} {number:05d}" for number in range(size)]).take(
                pa.array(drawn)
            )
        return pa.table(columns)

    writer = None
    for begin in range(0, rows, CHUNK):
        table = part(min(CHUNK, rows - begin), 2 * begin + current)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    writer.close()


def make_stageline(reference: Path) -> None:
    """Keep the profile of the reference, with a year's months and its ordinary weeks."""
    from datetime import timedelta

    import numpy as np
    from pyarrow import parquet

    from stageline.monitoring.profiling import Wanted, make_profile

    table = parquet.read_table(reference)
    seconds = np.arange(table.num_rows) * (365 * 86_400 / table.num_rows)
    wanted = Wanted(dict.fromkeys(table.column_names, "feature"), window=timedelta(days=7))
    profile = make_profile(
        table, wanted, made_from="sha256:0",
        times=np.datetime64("2025-01-01", "us") + (seconds * 1e6).astype("timedelta64[us]"),
    )  # fmt: skip
    reference.with_suffix(".json").write_text(profile.to_json(), "utf-8")


def run_stageline(reference: Path, current: Path) -> set[str]:
    from datetime import UTC, datetime

    from stageline.monitoring.drift import compare
    from stageline.monitoring.profile import Profile
    from stageline.monitoring.scan import count_rows
    from stageline.monitoring.windows import Window
    from stageline.serving.parquet_rows import parquet_batches

    kept = reference.with_suffix(".json")
    profile = Profile.from_json(kept.read_text("utf-8"), name=kept.name)
    counts = count_rows(parquet_batches(current, list(profile.columns)), profile.bins)
    window = Window(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 4, tzinfo=UTC))
    findings = compare(profile, counts, window)
    assert {str(finding.verdict) for finding in findings} == {"passed", "failed"}
    assert len(measured(profile, counts)) == 3 * len(profile.columns)
    return {finding.column for finding in findings if str(finding.verdict) == "failed"}


def measured(profile: object, counts: object) -> dict[tuple[str, str], float]:
    """Return the other measures of all columns, too: the bins hold them all."""
    from stageline.monitoring.measures import FUNCTIONS, shares
    from stageline.monitoring.profile import WHOLE
    from stageline.monitoring.profiling import part_of
    from stageline.monitoring.signals import Part, signals

    found = {}
    for name, column in profile.columns.items():
        kept = column.parts[WHOLE]
        reference, current = Part(kept.array(), kept.nulls, kept.odd), part_of(counts.columns[name])
        for measure in ("kolmogorov_smirnov", "wasserstein", "psi"):
            signal = signals(column, reference, current, measure)[0]
            both = (shares(signal.reference, signal.measure), shares(signal.current, signal.measure))
            found[name, measure] = float(FUNCTIONS[signal.measure](*both, signal.line))
    return found


def run_floor(reference: Path, current: Path) -> set[str]:  # noqa: ARG001 - it compares nothing
    import duckdb

    table = f"read_parquet('{current}')"
    columns = duckdb.sql(f"describe select * from {table}").fetchall()  # noqa: S608 - of this file's own names
    sums = [f"sum(strlen({name}))" if kind == "VARCHAR" else f"sum({name})" for name, kind, *_ in columns]
    (row,) = duckdb.sql(f"select {', '.join(sums)} from {table}").fetchall()  # noqa: S608
    assert None not in row
    return set()


def run_evidently(reference: Path, current: Path) -> set[str]:
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset

    report = Report([DataDriftPreset()])
    done = report.run(current_data=pd.read_parquet(current), reference_data=pd.read_parquet(reference))
    found = set()
    for metric in done.dict()["metrics"]:
        asked = metric["config"]
        if "column" in asked and "ValueDrift" in asked["type"]:
            far = metric["value"] < asked["threshold"] if "p_value" in asked["method"] else None
            if metric["value"] >= asked["threshold"] if far is None else far:
                found.add(asked["column"])
    return found


def run_nannyml(reference: Path, current: Path) -> set[str]:
    import nannyml
    import pandas as pd

    known = pd.read_parquet(reference)
    calculator = nannyml.UnivariateDriftCalculator(column_names=list(known.columns)).fit(known)
    found = calculator.calculate(pd.read_parquet(current)).filter(period="analysis").to_df(multilevel=True)
    alerts = {(name, method) for name, method, part in found.columns if part == "alert"}
    # An alert in most of its ten chunks: single ones are taken for chance.
    return {name for name, method in alerts if found[name, method, "alert"].mean() > 0.5}


def make_whylogs(reference: Path) -> None:
    import pandas as pd
    import whylogs

    whylogs.log(pandas=pd.read_parquet(reference)).view().write(str(reference.with_suffix(".whylogs")))


def run_whylogs(reference: Path, current: Path) -> set[str]:
    import pandas as pd
    import whylogs
    from whylogs.core.view.dataset_profile_view import DatasetProfileView
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    known = DatasetProfileView.read(str(reference.with_suffix(".whylogs")))
    view = whylogs.log(pandas=pd.read_parquet(current)).view()
    scores = calculate_drift_scores(target_view=view, reference_view=known, with_thresholds=True)
    return {name for name, score in scores.items() if score and score["drift_category"] == "DRIFT"}


def run_scipy(reference: Path, current: Path) -> set[str]:
    import numpy as np
    import pandas as pd
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import ks_2samp, wasserstein_distance

    known, seen, found = pd.read_parquet(reference), pd.read_parquet(current), set()
    for name in known.columns:
        one, other = known[name].dropna(), seen[name].dropna()
        if name.startswith("s"):
            counts = [values.value_counts() for values in (one, other)]
            p, q = pd.concat(counts, axis=1).fillna(0).to_numpy().T
        else:
            ks_2samp(one, other, method="asymp")
            wasserstein_distance(one, other)
            edges = np.unique(np.quantile(one, np.linspace(0, 1, 21)))
            edges[0], edges[-1] = -np.inf, np.inf
            p, q = (np.histogram(values, edges)[0] for values in (one, other))
        if jensenshannon(p, q, base=2) > 0.1:
            found.add(name)
    return found


MAKERS: dict[str, Callable[[Path], None]] = {OURS: make_stageline, "whylogs": make_whylogs}
RUNNERS: dict[str, Callable[[Path, Path], set[str]]] = {
    OURS: run_stageline,
    FLOOR: run_floor,
    "scipy": run_scipy,
    "nannyml": run_nannyml,
    "whylogs": run_whylogs,
    "evidently": run_evidently,
}


def child(name: str, reference: Path, current: Path) -> None:
    """Run one contender in this process, and print what it found and held."""
    found = RUNNERS[name](reference, current)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(json.dumps({"found": sorted(found), "peak": peak}))


def started(python: Path, *words: object) -> str:
    """Run this script in a process of its own, and return its last line."""
    quiet = {"PYTHONWARNINGS": "ignore", "WHYLOGS_NO_ANALYTICS": "True", "NML_DISABLE_USAGE_LOGGING": "1"}
    done = subprocess.run(
        [str(python), str(Path(__file__).resolve()), *map(str, words)],
        capture_output=True, text=True, check=False, env={**os.environ, **quiet, "DO_NOT_TRACK": "1"},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no words"])[-1][:300])
    return (done.stdout.strip().splitlines() or [""])[-1]


def measure(python: Path, name: str, reference: Path, current: Path) -> dict[str, object]:
    """Run one contender in a process of its own."""
    start = time.perf_counter()
    told = started(python, "--child", name, "--reference", reference, "--current", current)
    return {"whole": time.perf_counter() - start, **json.loads(told)}


def environments(scratch: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Make an environment for each peer; return their interpreters, and why others have none."""
    here = Path(sys.executable)
    pythons, missing = {OURS: here, FLOOR: here}, {}
    beside = here.with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    for name, packages in PEERS.items():
        folder = scratch / f"env-{name}"
        python = folder / "bin" / "python"
        if uv:
            steps = [
                [uv, "venv", "-q", "-p", here, folder],
                [uv, "pip", "install", "-q", "-p", python, *packages],
            ]
        else:
            steps = [[here, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", *packages]]
        for step in steps:
            done = subprocess.run([str(part) for part in step], capture_output=True, text=True, check=False)
            if done.returncode:
                missing[name] = (done.stderr.strip().splitlines() or ["no words"])[-1][:300]
                break
        else:
            pythons[name] = python
    return pythons, missing


Runs = dict[tuple[str, str], list[dict[str, object]]]


def compare_all(scratch: Path, sizes: dict[str, int], rounds: int) -> tuple[Runs, dict[str, str]]:
    """Run all contenders on all tables: the two that are compared most closely in turn, each peer once."""
    pythons, missing = environments(scratch)
    runs: Runs = {}
    reference, current = scratch / "reference.parquet", scratch / "current.parquet"
    for size, rows in sizes.items():
        # By processes of their own: what this one holds would count as the peak of those it starts.
        if rows <= CHUNK:
            started(pythons[OURS], "--lay", rows, "--reference", reference)
            started(pythons[OURS], "--make", OURS, "--reference", reference)
        started(pythons[OURS], "--lay", rows, "--current", current)
        for _ in range(rounds):
            for name in (OURS, FLOOR):
                runs.setdefault((name, size), []).append(measure(pythons[name], name, reference, current))
        for run in runs[OURS, size]:
            assert set(run["found"]) == CHANGED, f"on {size} rows: {run['found']}"
        for name in PEERS if rows <= CHUNK else ():
            if name in missing:
                continue
            try:
                if name in MAKERS:
                    started(pythons[name], "--make", name, "--reference", reference)
                runs[name, size] = [measure(pythons[name], name, reference, current)]
            except RuntimeError as error:
                missing[name] = f"on {size} rows: {error}"
    return runs, missing


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 k rows, once")
    parser.add_argument("--child", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--make", choices=MAKERS, help=argparse.SUPPRESS)
    parser.add_argument("--lay", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--current", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lay:
        lay_down(given.reference or given.current, given.lay, current=given.reference is None)
        return 0
    if given.make:
        MAKERS[given.make](given.reference)
        return 0
    if given.child:
        child(given.child, given.reference, given.current)
        return 0
    sizes = dict(list(SIZES.items())[:1]) if given.quick else SIZES
    with tempfile.TemporaryDirectory() as scratch:
        runs, missing = compare_all(Path(scratch), sizes, 1 if given.quick else ROUNDS)
    print(f"{'50 columns against their reference':36}{'rows':>7}{'whole s':>9}{'peak MiB':>10}{'/ ours':>9}  found")
    for (name, size), found in runs.items():
        ratio = middle(found, "whole") / middle(runs[OURS, size], "whole")
        told = set(found[0]["found"])
        words = "" if name == FLOOR else f"{len(told & CHANGED)} of {len(CHANGED)}, {len(told - CHANGED)} others"
        print(f"{name:36}{size:>7}{middle(found, 'whole'):9.2f}{middle(found, 'peak'):10.0f}{ratio:9.2f}  {words}")
    for name, words in missing.items():
        print(f"{name:36} was left out: {words}")
    claims = claim(runs, list(sizes))
    print(json.dumps({"claims": claims}))
    return 0 if all(item["met"] for item in claims) else 1


def middle(runs: list[dict[str, object]], key: str) -> float:
    return statistics.median(float(run[key]) for run in runs)


def claim(runs: Runs, sizes: list[str]) -> list[dict[str, object]]:
    """Return what is claimed beside the peers and the floor, and whether it was met."""
    size = sizes[min(1, len(sizes) - 1)]
    # On few rows, start-up is most of what is measured: only that it is faster is claimed.
    targets = FASTER if size == "1 M" else dict.fromkeys(FASTER, 1.0)
    claims = [
        {
            "claim": f"whole process on {size} rows at least {target:g}x faster than {name}",
            **ratio(middle(runs[OURS, size], "whole"), middle(runs[name, size], "whole"), target, least=True),
        }
        for name, target in targets.items()
        if (name, size) in runs
    ]
    if size != "1 M":
        return claims
    ours = {each: {key: middle(runs[OURS, each], key) for key in ("whole", "peak")} for each in sizes}
    largest = sizes[-1]
    return [
        *claims,
        {
            "claim": f"whole process on {size} rows at most {FLOORS:g}x the floor: {FLOOR}",
            **ratio(ours[size]["whole"], middle(runs[FLOOR, size], "whole"), FLOORS),
        },
        {"claim": f"peak memory on {size} rows at most {PEAK} MiB", **ratio(ours[size]["peak"], PEAK, 1.0)},
        {
            "claim": f"peak memory on {largest} rows at most {FLAT:g}x that on {size}",
            **ratio(ours[largest]["peak"], ours[size]["peak"], FLAT),
        },
        {
            "claim": f"whole process on {largest} rows at most {LINEAR:g}x that on {size}",
            **ratio(ours[largest]["whole"], ours[size]["whole"], LINEAR),
        },
    ]


def ratio(ours: float, peer: float, target: float, *, least: bool = False) -> dict[str, object]:
    found = peer / ours if least else ours / peer
    met = found >= target if least else found <= target
    return {"ours": round(ours, 2), "peer": round(peer, 2), "ratio": round(found, 2), "target": target, "met": met}


if __name__ == "__main__":
    sys.exit(main())
