"""Data quality: what a hundred expectations on a Parquet file cost, beside those who do the same.

`python benchmarks/quality.py [--quick]` prints a table, and as its last line one JSON object.

The table has 50 columns: 30 floats with skew, nulls and outliers, 10 integers, 10 strings of 5 to 5,000 categories.
The peers are Great Expectations on pandas, as its own guide uses it (SUMMARY results), in the same installation;
pandera and pointblank, each in an environment of its own. Each run is a process of its own, and all must give the
same verdicts and the same counts of failing values. `run` is from the path to the verdicts, `whole` is the process
with its imports, `peak` the most memory the process held.
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

SIZES = {"10 k": 10_000, "100 k": 100_000, "1 M": 1_000_000, "10 M": 10_000_000}
ROUNDS = 3
CHUNK = 1_000_000
# Each thread holds what it reads of a row group: with one group of a million rows, only one thread would read that
# file, and memory would seem to grow with the rows where it grows with the threads. DuckDB's own size.
ROW_GROUP = 122_880
PEERS = {"pandera": ("pandera[pandas]", "pandas", "pyarrow"), "pointblank": ("pointblank", "polars", "pyarrow")}
# Larger tables than these do not fit in memory there, or take minutes.
LARGEST = {"stageline": "10 M", "great expectations": "1 M", "pandera": "1 M", "pointblank": "1 M"}
FASTER, WHOLE_FASTER, FLAT = 8.0, 2.5, 1.2


def lay_down(path: Path, rows: int) -> None:
    """Write the table, a million rows at a time."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    def part(count: int, seed: int) -> pa.Table:
        draw = np.random.default_rng(seed)
        columns = {}
        for place in range(30):
            values = (
                draw.lognormal(0, 1, count) * (place + 1) if place % 2 else draw.normal(place, 1 + place / 5, count)
            )
            values[draw.random(count) < 0.001] *= 50
            columns[f"f{place}"] = pa.array(values, mask=draw.random(count) < 0.02)
        for place in range(10):
            columns[f"i{place}"] = pa.array(draw.integers(0, 10 ** (place % 5 + 1), count))
        for place, size in enumerate(np.geomspace(5, 5_000, 10).astype(int)):
            weights = 1 / np.arange(1, size + 1)
            drawn = draw.choice(size, count, p=weights / weights.sum())
            columns[f"s{place}"] = pa.array([f"category {place} {number:05d}" for number in range(size)]).take(
                pa.array(drawn)
            )
        return pa.table(columns)

    writer = None
    for begin in range(0, rows, CHUNK):
        table = part(min(CHUNK, rows - begin), begin + 1)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    writer.close()


def suite() -> list[dict[str, object]]:
    """Return a hundred expectations, most of which hold."""
    asked = []
    for place in range(30):
        column = f"f{place}"
        asked.append({"type": "expect_column_values_to_not_be_null", "column": column, "mostly": 0.95})
        limit = 1_000 * (place + 1)
        between = {"type": "expect_column_values_to_be_between", "column": column, "min_value": -30, "max_value": limit}
        asked.append({**between, "mostly": 0.99})
    asked += [
        {"type": "expect_column_mean_to_be_between", "column": f"f{place}", "min_value": -1, "max_value": 100}
        for place in range(0, 30, 6)
    ]
    asked += [
        {"type": "expect_column_stdev_to_be_between", "column": f"f{place}", "min_value": 0, "max_value": 1_000}
        for place in range(1, 30, 6)
    ]
    # The greatest integer is left out, so that each of these fails.
    asked += [
        {
            "type": "expect_column_values_to_be_between",
            "column": f"i{place}",
            "min_value": 0,
            "max_value": 10 ** (place % 5 + 1) - 2,
        }
        for place in range(10)
    ]
    asked += [{"type": "expect_column_values_to_not_be_null", "column": f"s{place}"} for place in range(5)]
    asked += [
        {"type": "expect_column_values_to_match_regex", "column": f"s{place}", "regex": rf"^category {place} \d{{5}}$"}
        for place in range(5)
    ]
    asked += [
        {
            "type": "expect_column_values_to_be_in_set",
            "column": f"s{place}",
            "value_set": [f"category {place} {number:05d}" for number in range(4)],
        }
        for place in range(2)
    ]
    asked += [{"type": "expect_column_value_lengths_to_equal", "column": "s5", "value": 16}]
    asked += [
        {"type": "expect_column_unique_value_count_to_be_between", "column": f"s{place}", "max_value": 6_000}
        for place in range(2, 9, 6)
    ]
    asked += [{"type": "expect_column_min_to_be_between", "column": "f1", "min_value": 0}]
    asked += [{"type": "expect_column_max_to_be_between", "column": "f1", "max_value": 10_000}]
    asked += [{"type": "expect_column_median_to_be_between", "column": "f0", "min_value": -5, "max_value": 5}]
    asked += [{"type": "expect_column_sum_to_be_between", "column": "i0", "min_value": 1}]
    asked += [{"type": "expect_table_row_count_to_be_between", "min_value": 1}]
    assert len(asked) == 100, len(asked)
    return asked


def run_stageline(path: Path) -> list[tuple[bool, int | None]]:
    from stageline.quality.engines import open_file
    from stageline.spec.models import Expectation

    with open_file(path) as table:
        outcomes = table.evaluate([Expectation.model_validate(item) for item in suite()])
    assert not any(outcome.error for outcome in outcomes)
    return [
        (outcome.success, outcome.result["unexpected_count"] if "element_count" in outcome.result else None)
        for outcome in outcomes
    ]


def run_great_expectations(path: Path) -> list[tuple[bool, int | None]]:
    import great_expectations as gx
    import pandas as pd
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": pd.read_parquet(path)})
    asked = [
        ExpectationConfiguration(
            type=str(item["type"]),
            kwargs={key: value for key, value in item.items() if key != "type"},
            meta={"place": place},
        ).to_domain_obj()
        for place, item in enumerate(suite())
    ]
    answer = batch.validate(gx.ExpectationSuite("suite", expectations=asked), result_format="SUMMARY")
    by_place = {result.expectation_config.meta["place"]: result for result in answer.results}
    return [
        (bool(result.success), result.result["unexpected_count"] if "element_count" in result.result else None)
        for _, result in sorted(by_place.items())
    ]


def run_pandera(path: Path) -> list[tuple[bool, int | None]]:
    import pandas as pd
    import pandera.pandas as pa

    frame, checks, columns = pd.read_parquet(path), {}, {}
    for place, item in enumerate(suite()):
        check = pandera_check(pa.Check, item, str(place))
        if check:
            checks.setdefault(item["column"], []).append(check)
    nullable = {str(item["column"]): place for place, item in enumerate(suite()) if "not_be_null" in str(item["type"])}
    for column in frame.columns:
        columns[column] = pa.Column(checks=checks.get(column, []), nullable=column not in nullable)
    found = {}
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        found = cases.groupby(["column", "check"]).size().to_dict()
    answers = []
    for place, item in enumerate(suite()):
        column, judged = item.get("column"), len(frame)
        if column is None:
            answers.append((len(frame) >= 1, None))
            continue
        if place in nullable.values() and nullable[column] == place:
            count = int(found.get((column, "not_nullable"), 0))
        else:
            count = int(found.get((column, str(place)), 0))
            judged = int(frame[column].notna().sum())
        whole = "element" not in kind_of_answer(item)
        answers.append((count <= (1 - item.get("mostly", 1)) * judged + 1e-9, None if whole else count))
    return answers


def pandera_check(check: type, item: dict[str, object], name: str) -> object:
    kind, low, high = str(item["type"]), item.get("min_value"), item.get("max_value")
    method = computed(kind, {"stdev": "std", "unique_value_count": "nunique"})
    if method:
        return check(lambda series: within(getattr(series, method)(), low, high), name=name, error=name)
    return {
        "expect_column_values_to_be_between": lambda: check.in_range(low, high, name=name, error=name),
        "expect_column_values_to_be_in_set": lambda: check.isin(item["value_set"], name=name, error=name),
        "expect_column_values_to_match_regex": lambda: check.str_matches(item["regex"], name=name, error=name),
        "expect_column_value_lengths_to_equal": lambda: check.str_length(
            item["value"], item["value"], name=name, error=name
        ),
    }.get(kind, lambda: None)()


def run_pointblank(path: Path) -> list[tuple[bool, int | None]]:
    import pointblank as pb
    import polars as pl

    frame = pl.read_parquet(path)
    checks = pb.Validate(frame)
    for item in suite():
        checks = pointblank_step(checks, item)
    checks = checks.interrogate(get_first_n=50)
    failed, total = checks.n_failed(), checks.n()
    answers = []
    for place, item in enumerate(suite(), start=1):
        whole = "element" not in kind_of_answer(item)
        nulls = frame[item["column"]].null_count() if "between" in str(item["type"]) and not whole else 0
        allowed = (1 - item.get("mostly", 1)) * (total[place] - nulls) + 1e-9
        answers.append((failed[place] <= allowed, None if whole else failed[place]))
    return answers


def pointblank_step(checks: object, item: dict[str, object]) -> object:
    kind, column, low, high = str(item["type"]), item.get("column"), item.get("min_value"), item.get("max_value")
    method = computed(kind, {"stdev": "std", "unique_value_count": "n_unique"})
    if method:
        return checks.specially(expr=lambda frame: within(getattr(frame[column].drop_nulls(), method)(), low, high))
    return {
        "expect_column_values_to_not_be_null": lambda: checks.col_vals_not_null(columns=column),
        "expect_column_values_to_be_between": lambda: checks.col_vals_between(
            columns=column, left=low, right=high, na_pass=True
        ),
        "expect_column_values_to_be_in_set": lambda: checks.col_vals_in_set(columns=column, set=item["value_set"]),
        "expect_column_values_to_match_regex": lambda: checks.col_vals_regex(columns=column, pattern=item["regex"]),
        "expect_column_value_lengths_to_equal": lambda: checks.col_vals_regex(
            columns=column, pattern=f"^.{{{item['value']}}}$"
        ),
        "expect_table_row_count_to_be_between": lambda: checks.specially(expr=lambda frame: frame.height >= 1),
    }[kind]()


def computed(kind: str, called: dict[str, str]) -> str:
    """Return the method that computes what an expectation compares, or none for one about single values."""
    part = kind.removeprefix("expect_column_").removesuffix("_to_be_between")
    return called.get(part, part if part in ("mean", "median", "min", "max", "sum") else "")


def within(value: float, low: object, high: object) -> bool:
    return bool((low is None or value >= low) and (high is None or value <= high))


def kind_of_answer(item: dict[str, object]) -> str:
    return "element" if "column_value" in str(item["type"]) else "whole"


RUNNERS: dict[str, Callable[[Path], list[tuple[bool, int | None]]]] = {
    "stageline": run_stageline,
    "great expectations": run_great_expectations,
    "pandera": run_pandera,
    "pointblank": run_pointblank,
}
IMPORTS = {
    "stageline": "great_expectations, duckdb, stageline.quality.engines, stageline.spec.models",
    "great expectations": "great_expectations, pandas",
    "pandera": "pandas, pandera.pandas",
    "pointblank": "pointblank, polars",
}


def child(name: str, path: Path) -> None:
    """Run one contender in this process, and print what it took."""
    exec(f"import {IMPORTS[name]}")  # noqa: S102 - of the names above
    start = time.perf_counter()
    answers = RUNNERS[name](path)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(json.dumps({"run": seconds, "peak": peak, "answers": answers}))


def measure(python: Path, name: str, path: Path) -> dict[str, object]:
    """Run one contender in a process of its own."""
    environment = {**os.environ, "GX_ANALYTICS_ENABLED": "false", "PYTHONWARNINGS": "ignore"}
    start = time.perf_counter()
    done = subprocess.run(
        [str(python), str(Path(__file__).resolve()), "--child", name, "--path", str(path)],
        capture_output=True, text=True, check=False, env=environment,
    )  # fmt: skip
    whole = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no words"])[-1][:300])
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "whole": whole}


def environments(scratch: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Make an environment for each peer; return their interpreters, and why others have none."""
    pythons, missing = {"stageline": Path(sys.executable), "great expectations": Path(sys.executable)}, {}
    uv = shutil.which("uv")
    for name, packages in PEERS.items():
        folder = scratch / f"env-{name}"
        python = folder / "bin" / "python"
        if uv:
            steps = [
                [uv, "venv", "-q", "-p", sys.executable, folder],
                [uv, "pip", "install", "-q", "-p", python, *packages],
            ]
        else:
            steps = [[sys.executable, "-m", "venv", folder], [python, "-m", "pip", "install", "-q", *packages]]
        for step in steps:
            done = subprocess.run([str(part) for part in step], capture_output=True, text=True, check=False)
            if done.returncode:
                missing[name] = (done.stderr.strip().splitlines() or ["no words"])[-1][:300]
                break
        else:
            pythons[name] = python
    return pythons, missing


def middle(runs: list[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def compare(
    scratch: Path, sizes: dict[str, int], rounds: int
) -> tuple[dict[tuple[str, str], list[dict[str, float]]], dict[str, str]]:
    """Run all contenders on all tables, in turn, so that what disturbs one disturbs the others."""
    pythons, missing = environments(scratch)
    runs: dict[tuple[str, str], list[dict[str, float]]] = {}
    order = list(SIZES)
    for size, rows in sizes.items():
        path = scratch / f"{rows}.parquet"
        # By a process of its own: what this one holds would count as the peak of those it starts.
        subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--path", str(path), "--rows", str(rows)], check=True
        )
        for _ in range(1 if size == "10 M" else rounds):
            for name, python in pythons.items():
                if name in missing or order.index(size) > order.index(LARGEST[name]):
                    continue
                try:
                    found = measure(python, name, path)
                except RuntimeError as error:
                    missing[name] = f"on {size} rows: {error}"
                    continue
                runs.setdefault((name, size), []).append(found)
                require_same(runs, name, size)
        path.unlink()
    return runs, missing


def require_same(runs: dict[tuple[str, str], list[dict[str, object]]], name: str, size: str) -> None:
    """Require the verdicts and counts of a run to be those of Stageline's first run on the table."""
    ours, theirs = runs["stageline", size][0]["answers"], runs[name, size][-1]["answers"]
    for item, one, other in zip(suite(), ours, theirs, strict=True):
        assert one == other, f"{name} on {size} rows: {other} for {item}, where Stageline has {one}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="10 k and 100 k rows, each once")
    parser.add_argument("--child", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.rows:
        lay_down(given.path, given.rows)
        return 0
    if given.child:
        child(given.child, given.path)
        return 0
    sizes = dict(list(SIZES.items())[:2]) if given.quick else SIZES
    with tempfile.TemporaryDirectory() as scratch:
        runs, missing = compare(Path(scratch), sizes, 1 if given.quick else ROUNDS)
    print(f"{'100 expectations, 50 columns':32}{'rows':>7}{'run s':>9}{'whole s':>9}{'peak MiB':>10}{'run / ours':>12}")
    for (name, size), found in runs.items():
        ratio = middle(found, "run") / middle(runs["stageline", size], "run")
        print(
            f"{name:32}{size:>7}{middle(found, 'run'):9.2f}{middle(found, 'whole'):9.2f}"
            f"{middle(found, 'peak'):10.0f}{ratio:12.1f}"
        )
    for name, words in missing.items():
        print(f"{name:32} was left out: {words}")
    claims = claim(runs, sizes)
    print(json.dumps({"claims": claims}))
    return 0 if all(item["met"] for item in claims) else 1


def claim(runs: dict[tuple[str, str], list[dict[str, float]]], sizes: dict[str, int]) -> list[dict[str, object]]:
    """Return what is claimed beside Great Expectations on pandas, and whether it was met."""
    gx = "great expectations"
    claims = [faster(runs, "run on 10 k rows never slower", (gx, "10 k"), "run", 1.0)]
    if "1 M" in sizes:
        claims.append(faster(runs, f"run on 1 M rows at least {FASTER:g}x faster", (gx, "1 M"), "run", FASTER))
        claims.append(
            faster(
                runs, f"whole process on 1 M rows at least {WHOLE_FASTER:g}x faster", (gx, "1 M"), "whole", WHOLE_FASTER
            )
        )
        small, large = (middle(runs["stageline", size], "peak") for size in ("1 M", "10 M"))
        claims.append(
            {
                "claim": f"peak memory on 10 M rows at most {FLAT:g}x that on 1 M",
                "ours": round(large),
                "peer": round(small),
                "ratio": round(large / small, 2),
                "target": FLAT,
                "met": large <= FLAT * small,
            }
        )
    return claims


def faster(
    runs: dict[tuple[str, str], list[dict[str, float]]], words: str, peer: tuple[str, str], key: str, target: float
) -> dict[str, object]:
    ours, theirs = middle(runs["stageline", peer[1]], key), middle(runs[peer], key)
    return {
        "claim": f"{words} than Great Expectations on pandas, with the same verdicts and counts",
        "ours": round(ours, 2),
        "peer": round(theirs, 2),
        "ratio": round(theirs / ours, 2),
        "target": target,
        "met": theirs / ours >= target,
    }


if __name__ == "__main__":
    sys.exit(main())
