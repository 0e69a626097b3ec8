"""Judgement: how often the drift check cries wolf, and how often and how soon it sees what has changed.

`python benchmarks/judgement_monitoring.py [--quick]` prints a table, and as its last line one JSON object.

A scenario is a family, an effect, a number of rows, a reference and a seed: a few windows in a row, whose change stays.
Plain rows have twelve mixed columns and a prediction, and a reference of 20,000 rows. Seasonal rows are two years of
hours that resemble their neighbours: the first year is the reference, the weeks of the second are the windows.

- Quiet are: no change, season only, and trifles (changes of half the limit, on many rows). An alarm is a false one.
- Changed are: mean, scale, tail (outliers), category (other shares), new (a category), missing, correlation (of three
  columns, each as before), and the mean within a season. The effect declared is twice the limit: a Jensen-Shannon
  distance of 0.2, of which the effect follows on a large sample; of shares, which few rows show badly, at least
  `SHOWN` standard errors above the limit. Seasonal ones: see `year_strength`.
- Concept: what follows from the rows changes, and the rows do not. Without labels nobody can see it. It is listed, and
  an alarm there is a false one, too.

Evidently's data drift preset and NannyML's univariate drift judge some of the same windows, of up to 100 k rows, each
by its defaults and in an environment of its own. `any` is an alarm of any column, `evidently` the preset's own rule:
half of the columns. NannyML learns its thresholds from chunks of the reference as long as the window; a window longer
than a tenth of the reference is cut into chunks of that length, and most of them have to alert. Of seasonal rows each
is given the whole first year. What is a trifle follows from our limits: by one of its own a peer may rightly alarm.

`2 of 3` is an alarm that stays: in two of the last three windows. `delay` is the number of windows, on average, from
the change to the first alarm, itself included; one more than there are where none came.
"""

import argparse
import json
import math
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

FALSE_ALARMS, POWER = 0.05, 0.95
REFERENCE, WORLDS = 20_000, 3
CHUNK, CALIBRATED = 200_000, 50_000
SIZES = {300: "300", 1_000: "1 k", 10_000: "10 k", 100_000: "100 k", 1_000_000: "1 M"}
PEERS = {
    # As new as they work with: neither says so itself.
    "evidently": ("evidently", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml", "pandas<3", "pyarrow", "statsmodels"),
}
RULES = {"evidently": ("preset", "any"), "nannyml": ("any",)}
CATEGORIES = {"c0": 5, "c1": 12, "c2": 40}
TRIO = ("t0", "t1", "t2")
RATES = {"k0": 4.0, "k1": 30.0}
NULLS = {"n1": 0.03, "l1": 0.02, "c1": 0.01}
# Which columns a family changes, in turn.
CHANGED = {
    "mean": ("n0", "l0", "k1"),
    "scale": ("n1", "l1", "n0"),
    "tail": ("n0", "l0", "n1"),
    "category": ("c0", "c1", "c2"),
    "new": ("c0", "c1", "c2"),
    "missing": ("n1", "l0", "c0"),
    "correlation": ("t1",),
}
# Limits of shares by default; of all others it is that of the distance.
SHARES = {"tail": 0.01, "new": 0.01, "missing": 0.05}
LIMIT = 0.1
# The quantile that a finding has to pass among some four that are asked, 2.5, and the one that 95 % of them do, 1.65.
SHOWN = 4.2
LENGTH = 6
YEAR, WEEK, WEEKS = 8_760, 168, 48
START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Scenario:
    """Some windows in a row, all with the same change.

    :param effect: `none`, `trifle` (half the limit), `twice` (the limit) or `declared`.
    :param strength: In standard deviations, as a factor less one, or as a share: as the family has it.
    :param world: Which reference.
    :param per_hour: Of seasonal rows, how many an hour; 0: the rows have no time.
    :param peers: Whether they judge its windows, too; of a year every fourth week.
    """

    family: str
    effect: str
    rows: int
    number: int
    column: str = ""
    strength: float = 0.0
    length: int = LENGTH
    per_hour: int = 0
    peers: bool = False

    @property
    def world(self) -> int:
        return self.number if self.per_hour else (self.number + self.number // WORLDS) % WORLDS

    @property
    def quiet(self) -> bool:
        return self.effect in ("none", "trifle")

    def dose(self, family: str, column: str) -> float:
        """Return how strongly a column is changed in one way."""
        return self.strength if (family, column) == (self.family, self.column) else 0.0

    @property
    def name(self) -> str:
        return "-".join(map(str, (self.family, self.effect, self.rows, self.number, self.per_hour)))

    @property
    def places(self) -> Sequence[int]:
        """The windows that the peers judge."""
        return range(0, self.length, 4 if self.per_hour else 1) if self.peers else ()

    @property
    def reference(self) -> str:
        return f"reference-{self.per_hour}-{self.world}"


@dataclass(frozen=True)
class Judged:
    """One window: whether it alarmed, whether it did so persistently, and what failed."""

    alarm: bool
    persistent: bool
    failed: tuple[str, ...]


# --- rows


def plain_rows(draw, rows, scenario):
    """Draw rows without a time: two normal, two lognormal, two counts, three correlated, three categories."""
    import numpy as np
    import pyarrow as pa

    def latent(name):
        values = draw.standard_normal(rows) * (1 + scenario.dose("scale", name)) + scenario.dose("mean", name)
        chosen = draw.random(rows) < scenario.dose("tail", name)
        values[chosen] = np.sign(values[chosen]) * (6 + draw.exponential(1, chosen.sum()))
        return values

    columns = {"n0": latent("n0"), "n1": 20 + 5 * latent("n1")}
    columns |= {"l0": np.exp(0.8 * latent("l0")), "l1": 100 * np.exp(latent("l1"))}
    for name, rate in RATES.items():
        columns[name] = draw.poisson(rate + scenario.dose("mean", name) * math.sqrt(rate), rows)
    shared = 0.9 * (1 - scenario.dose("correlation", TRIO[1]))
    common = draw.standard_normal(rows)
    for name in TRIO:
        columns[name] = math.sqrt(shared) * common + math.sqrt(1 - shared) * draw.standard_normal(rows)
    for name in CATEGORIES:
        columns[name] = category_places(draw, rows, scenario, name)
    said = 0.5 * columns["n0"] + 0.5 * np.log(columns["l0"]) + 0.5 * columns["t0"] + 0.1 * columns["k1"]
    said += 0.3 * (columns["c0"] == 0)
    found = {}
    for name in sorted(columns):
        mask = draw.random(rows) < NULLS.get(name, 0.0) + scenario.dose("missing", name)
        values = pa.array(columns[name], mask=mask)
        kinds = [f"{name} {number:02d}" for number in range(CATEGORIES.get(name, 0))]
        found[name] = pa.array([*kinds, "never seen"]).take(values) if kinds else values
    # What comes of the row: once the concept has changed, the other way round than the model says.
    came = (6 - said if scenario.family == "concept" else said) + 0.3 * draw.standard_normal(rows)
    return pa.table({**found, "said": said, "came": came})


def category_places(draw, rows, scenario, name):
    """Draw the numbers of categories; the one after all others was never seen."""
    import numpy as np

    chances = 1 / np.arange(1, CATEGORIES[name] + 1)
    turned = scenario.dose("category", name)
    chances = ((1 - turned) * chances + turned * chances[::-1]) / chances.sum()
    places = np.searchsorted(np.cumsum(chances)[:-1], draw.random(rows), side="right")
    places[draw.random(rows) < scenario.dose("new", name)] = CATEGORIES[name]
    return places


@cache
def year_arrays(per_hour, number):
    """Draw two years of hours, each of which resembles the one before, and some rows of each hour."""
    import numpy as np
    from scipy.signal import lfilter

    draw = np.random.default_rng([7, per_hour, number])
    hours = np.arange(2 * YEAR)
    rows = np.repeat(hours, per_hour)

    def resembling(share):
        found = lfilter([math.sqrt(1 - share**2)], [1, -share], draw.standard_normal(2 * YEAR + 500))
        return found[500:]

    def noise():
        return draw.standard_normal(len(rows))

    season, day = np.cos(2 * np.pi * (hours / 24 - 15) / 365), np.cos(2 * np.pi * (hours % 24 - 15) / 24)
    weekend = (hours // 24 + 2) % 7 >= 5
    warmth = 12 - 10 * season + 3 * day + 3 * resembling(0.97)
    demand = 50 + 8 * season + 10 * day - 6 * weekend + 3 * resembling(0.9)
    sky = 0.8 * season + resembling(0.95)
    return {
        "warmth": warmth[rows] + noise(),
        "demand": demand[rows] + 4 * noise(),
        "wind": np.exp(1 + 0.3 * season + 0.5 * resembling(0.95))[rows] * np.exp(0.2 * noise()),
        "rides": draw.poisson(np.exp(2 - 0.7 * season + 0.5 * day - 0.2 * weekend)[rows]),
        "fee": 3 + noise(),
        "sky": np.digitize(sky[rows] + 0.3 * noise(), [-1.0, 0.0, 1.0]),
        "tariff": draw.choice(4, len(rows), p=[0.5, 0.3, 0.15, 0.05]),
    }


def year_rows(scenario, begin, end):
    """Return the rows of some hours."""
    import numpy as np
    import pyarrow as pa

    arrays = year_arrays(scenario.per_hour, scenario.number)
    part = {name: values[begin * scenario.per_hour : end * scenario.per_hour] for name, values in arrays.items()}
    if scenario.strength:
        part[scenario.column] = part[scenario.column] + scenario.strength
    said = np.asarray(part["demand"] + 0.5 * part["warmth"] + 0.3 * part["rides"], float)
    for name in ("sky", "tariff"):
        part[name] = pa.array([f"{name} {place}" for place in range(4)]).take(pa.array(part[name]))
    return pa.table({**part, "said": said})


def week(begin):
    """Return the week that begins at an hour."""
    from stageline.monitoring.windows import Window

    start = START + timedelta(hours=begin)
    return Window(start, start + timedelta(hours=WEEK))


def windows_of(scenario) -> Iterator[tuple[object, Iterable[object]]]:
    """Yield each window's time, or none, and its rows in parts."""
    import numpy as np

    def drawn(place):
        draw = np.random.default_rng([list(FAMILIES).index(scenario.family), len(scenario.effect), scenario.rows,
                                      scenario.number, place])  # fmt: skip
        for begin in range(0, scenario.rows, CHUNK):
            yield plain_rows(draw, min(CHUNK, scenario.rows - begin), scenario)

    for place in range(scenario.length):
        if scenario.per_hour:
            begin = YEAR + place * WEEK
            yield week(begin), [year_rows(scenario, begin, begin + WEEK)]
        else:
            yield None, drawn(place)


FAMILIES = ("none", *CHANGED, "concept", "season", "mean in season")


# --- ours


def reference_rows(per_hour, number):
    """Draw the rows that a model was trained on."""
    import numpy as np

    scenario = Scenario("none", "none", REFERENCE, number, per_hour=per_hour)
    if per_hour:
        return year_rows(scenario, 0, YEAR)
    return plain_rows(np.random.default_rng([number, 1]), REFERENCE, scenario)


@cache
def profile_of(per_hour, number):
    """Return the profile of a model, as its training makes it."""
    import numpy as np

    from stageline.monitoring.model_profile import Trained, profile_model
    from stageline.monitoring.profiling import Wanted

    table = reference_rows(per_hour, number)
    features = [name for name in table.column_names if name not in ("said", "came")]
    times = None
    if per_hour:
        hours = np.repeat(np.arange(YEAR), per_hour)
        times = np.datetime64(START.replace(tzinfo=None), "us") + (hours * 3_600_000_000).astype("timedelta64[us]")
    trained = Trained(table, features, {"prediction": table["said"]}, np.ones(table.num_rows, bool), times)
    wanted = Wanted({}, window=timedelta(hours=WEEK) if per_hour else None)
    return profile_model(trained, wanted, made_from="sha256:0")


def count(profile, parts):
    """Count a window's rows as the operator does."""
    from stageline.monitoring.outputs import PREDICTION
    from stageline.monitoring.scan import count_rows
    from stageline.monitoring.window_rows import with_reconstruction

    batches = (batch for part in parts for batch in _renamed(part, "said", PREDICTION).to_batches())
    return count_rows(with_reconstruction(batches, profile.directions), profile.bins)


def _renamed(table, old, new):
    return table.rename_columns([new if name == old else name for name in table.column_names])


def judge(scenario) -> list[Judged]:
    """Judge a scenario's windows, the later ones with those before in mind."""
    from stageline.monitoring.checks import drift_checks
    from stageline.monitoring.drift import compare
    from stageline.persistence import EarlierRun, Persistence, check_persistence
    from stageline.verdicts import Severity, Verdict

    profile = profile_of(scenario.per_hour, scenario.world)
    rule = Persistence(2, 3, "SL-M009", lambda check: check.name)
    earlier, found = [], []
    for place, (window, parts) in enumerate(windows_of(scenario)):
        findings = compare(profile, count(profile, parts), window)
        failed = [each for each in findings if each.verdict is Verdict.FAILED and each.weight > 0]
        # A check that says nothing is left out by the rule, too.
        told = drift_checks([each for each in findings if each.verdict is not Verdict.INCONCLUSIVE], Severity.WARNING)
        if place % LENGTH == 0:
            earlier = []
        persistent = check_persistence(told, earlier, rule)
        earlier.append(EarlierRun(START + timedelta(days=place), "", [check.model_dump() for check in told]))
        names = tuple(f"{each.column} {each.kind}" for each in failed)
        found.append(Judged(bool(failed), bool(persistent), names))
    return found


# --- how strong a change is


def strengths(family: str) -> dict[tuple[str, str, float], float]:
    """Return by family, column and Jensen-Shannon distance the strength that gives it, on a large sample."""
    import numpy as np

    from stageline.monitoring.distance import distance
    from stageline.monitoring.outputs import RECONSTRUCTION
    from stageline.monitoring.profile import WHOLE

    profile, found = profile_of(0, 0), {}
    steps = np.linspace(0, 1.0, 11)
    for column in CHANGED[family]:
        name = RECONSTRUCTION if family == "correlation" else column
        kept, apart = replace_columns(profile, [name]), []
        for step in steps:
            changed = Scenario(family, "none", CALIBRATED, 0, column, float(step))
            counts = count(kept, [plain_rows(np.random.default_rng(0), CALIBRATED, changed)])
            known = profile.columns[name].parts[WHOLE].array()
            apart.append(distance(known, counts.columns[name].bins[0], "jensen_shannon", draws=20).value)
        for target in (LIMIT / 2, 2 * LIMIT):
            found[family, column, target] = float(np.interp(target, np.maximum.accumulate(apart), steps))
    return found


def replace_columns(profile, names):
    return profile.model_copy(update={"columns": {name: profile.columns[name] for name in names}})


def declared_share(family: str, rows: int, column: str) -> float:
    """Return the share declared: twice the limit, or what so many rows show beyond it."""
    limit = SHARES[family]
    usual = NULLS.get(column, 0.0) if family == "missing" else 0.0
    share = limit
    for _ in range(50):
        share = limit + SHOWN * math.sqrt((usual + share) * (1 - usual - share) / rows)
    return max(2 * limit, share)


def year_strength(per_hour: int, number: int, column: str) -> float:
    """Return the shift declared within a season: it moves ordinary weeks to twice the limit, on average.

    Where ordinary weeks are so far apart that there is no such distance, it is half of the way to the largest, 1.
    """
    import numpy as np

    from stageline.monitoring.drift import compare

    profile = replace_columns(profile_of(per_hour, number), [column])
    scenario = Scenario("mean in season", "declared", WEEK * per_hour, number, column, per_hour=per_hour, length=WEEKS)
    spread = profile.columns[column].spread
    apart, steps = [], np.linspace(0, 4, 9) * spread
    for step in steps:
        found = []
        for place in range(2, WEEKS, 6):
            begin = YEAR + place * WEEK
            counts = count(profile, [year_rows(replace(scenario, strength=float(step)), begin, begin + WEEK)])
            found.append(compare(profile, counts, week(begin))[0])
        apart.append(statistics.mean(each.distance.value for each in found))
    limit = found[0].limit
    return float(np.interp(min(2 * limit, (1 + limit) / 2), np.maximum.accumulate(apart), steps))


# --- the scenarios


# Rows: how many scenarios, of how many windows each, and the windows of how many of them the peers judge, too.
QUIET = {300: (40, 6, 3), 1_000: (40, 6, 3), 10_000: (15, 6, 3), 100_000: (8, 4, 1), 1_000_000: (2, 4, 0)}
ALTERED = {300: (9, 6, 1), 1_000: (9, 6, 1), 10_000: (3, 6, 1), 100_000: (3, 4, 1), 1_000_000: (1, 3, 0)}
CONCEPT = {300: (3, 6, 1), 1_000: (3, 6, 1), 10_000: (1, 6, 1), 100_000: (1, 4, 0), 1_000_000: (1, 3, 0)}
# Rows of an hour: how many years.
YEARS = {2: 6, 6: 4, 60: 2}
QUICK = {300: (3, 6, 1), 1_000: (3, 6, 0)}
QUICK_ALTERED = {300: (3, 3, 0), 1_000: (3, 3, 0), 10_000: (1, 3, 0)}
SHIFTED = ("demand", "fee", "warmth")


def scenarios(pool: Executor, *, quick: bool) -> list[Scenario]:
    """Return all of them, with the strengths that their effects ask for."""
    shifts = [family for family in CHANGED if family not in SHARES]
    strong = pool.map(strengths, shifts)
    years = [(per_hour, number) for per_hour, count in ({2: 1} if quick else YEARS).items() for number in range(count)]
    columns = [SHIFTED[number % len(SHIFTED)] for _, number in years]
    shifted = pool.map(year_strength, *zip(*years, strict=True), columns)
    known = {key: strength for each in strong for key, strength in each.items()}
    altered = QUICK_ALTERED if quick else ALTERED
    few = {rows: cell for rows, cell in altered.items() if rows <= 1_000}
    many = {rows: cell for rows, cell in altered.items() if rows >= 100_000}
    found = list(plain("none", "none", QUICK if quick else QUIET, known))
    found += plain("concept", "none", QUICK if quick else CONCEPT, known)
    for family in CHANGED:
        found += plain(family, "trifle", many, known)
        found += plain(family, "declared", altered, known)
        found += plain(family, "twice", few, known)
    for (per_hour, number), column, strength in zip(years, columns, shifted, strict=True):
        peers = number == 0 and per_hour < max(YEARS) and not quick
        still = Scenario("season", "none", WEEK * per_hour, number, "", 0.0, WEEKS, per_hour, peers)
        found.append(still)
        found.append(replace(still, family="mean in season", effect="declared", column=column, strength=strength))
    return found


def plain(family: str, effect: str, cells, known) -> Iterator[Scenario]:
    """Yield the scenarios of plain rows of one family and effect, its columns in turn."""
    for rows, (count, length, judged) in cells.items():
        for number in range(count):
            columns = CHANGED.get(family, ("",))
            column = columns[number % len(columns)]
            strength = strength_of(family, effect, rows, column, known)
            # Where so many rows show it, twice the limit is what is declared.
            if effect != "twice" or strength < strength_of(family, "declared", rows, column, known):
                yield Scenario(family, effect, rows, number, column, strength, length, peers=number < judged)


def strength_of(family: str, effect: str, rows: int, column: str, known: dict[tuple[str, str, float], float]) -> float:
    """Return how strong a change has to be for its effect; a concept's has no size."""
    if effect == "none":
        return float(family == "concept")
    if family not in SHARES:
        return known[family, column, LIMIT / 2 if effect == "trifle" else 2 * LIMIT]
    if effect == "declared":
        return declared_share(family, rows, column)
    return SHARES[family] * (0.5 if effect == "trifle" else 2)


# --- peers


def lay_down(folder: Path, wanted: Iterable[Scenario]) -> None:
    """Write the windows that the peers judge, their references, and the list of both."""
    from pyarrow import concat_tables, parquet

    def write(table, name):
        if "came" in table.column_names:
            table = table.drop_columns("came")
        parquet.write_table(_renamed(table, "said", "prediction"), folder / f"{name}.parquet")

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
        known, seen = (pd.read_parquet(folder / f"{job[name]}.parquet") for name in ("reference", "window"))
        # The preset's own verdict: its other metrics draw the columns' charts, which takes most of its time.
        report = Report([DriftedColumnsCount()]).run(current_data=seen, reference_data=known)
        (drifted,) = report.dict()["metrics"]
        count, part = drifted["value"]["count"], drifted["value"]["share"]
        assert math.isclose(part * len(known.columns), count, abs_tol=1e-9), "a column was left out"
        yield job["window"], {"preset": part >= drifted["config"]["drift_share"], "any": count > 0}


def run_nannyml(folder: Path, jobs: list[dict[str, object]]) -> Iterator[tuple[str, dict[str, bool]]]:
    import nannyml
    import pandas as pd

    fitted = {}
    for job in jobs:
        key = job["reference"], job["rows"]
        if key not in fitted:
            known = pd.read_parquet(folder / f"{job['reference']}.parquet")
            size = min(job["rows"], len(known) // 10)
            fitted[key] = nannyml.UnivariateDriftCalculator(column_names=list(known.columns), chunk_size=size).fit(
                known
            )
        seen = pd.read_parquet(folder / f"{job['window']}.parquet")
        found = fitted[key].calculate(seen).filter(period="analysis").to_df(multilevel=True)
        alerts = [found[place].astype(bool).mean() for place in found.columns if place[2] == "alert"]
        assert len(alerts) == len(seen.columns), "a column was left out"
        yield job["window"], {"any": max(alerts) > 0.5}


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
                [str(python), str(Path(__file__).resolve()), "--child", name, "--folder", str(folder)],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, **quiet},
            )
        )
    except RuntimeError as error:
        return str(error)
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


# --- the table


def judge_all(group: Sequence[Scenario]) -> list[list[Judged]]:
    """Judge scenarios that have the reference in common."""
    return [judge(scenario) for scenario in group]


def groups(wanted: Iterable[Scenario]) -> list[list[Scenario]]:
    """Put those together whose reference takes long to make, these first."""
    found: dict[object, list[Scenario]] = {}
    for scenario in wanted:
        found.setdefault(scenario.reference if scenario.per_hour else scenario.name, []).append(scenario)
    return sorted(found.values(), key=lambda group: -sum(each.rows * each.length for each in group))


def delays(alarms: Sequence[bool]) -> list[int]:
    """Return how many windows it took to the first alarm, of each six in a row; one more than all if it never came."""
    parts = [list(alarms[begin : begin + LENGTH]) for begin in range(0, len(alarms), LENGTH)]
    return [part.index(True) + 1 if True in part else len(part) + 1 for part in parts]


Said = dict[str, dict[str, dict[str, bool]]]
PEER_RULES = [(name, rule) for name, rules in RULES.items() for rule in rules]


@dataclass(frozen=True)
class Told:
    """What all said of one scenario.

    :param peers: By peer and rule, of the windows that it judged.
    """

    scenario: Scenario
    ours: list[Judged]
    peers: dict[tuple[str, str], list[bool]]


def told_of(scenario: Scenario, ours: list[Judged], said: Said) -> Told:
    names = [f"{scenario.name}-{place}" for place in scenario.places]
    peers = {(name, rule): [said[name][window][rule] for window in names] for name, rule in PEER_RULES if name in said}
    return Told(scenario, ours, peers)


def share(alarms: Sequence[bool]) -> float | None:
    return sum(alarms) / len(alarms) if alarms else None


def alarms_of(told: Iterable[Told], who: tuple[str, str] | None = None, *, persistent: bool = False) -> list[bool]:
    """Return of each window whether it alarmed: by us, or by a peer's rule."""
    if who is not None:
        return [alarm for each in told for alarm in each.peers.get(who, ())]
    return [judged.persistent if persistent else judged.alarm for each in told for judged in each.ours]


def mean_delay(told: Iterable[Told], *, persistent: bool) -> float:
    found = [
        late
        for each in told
        for late in delays([judged.persistent if persistent else judged.alarm for judged in each.ours])
    ]
    return statistics.mean(found)


def told_strength(cell: Sequence[Told]) -> str:
    """Return how strong a cell's changes are, in words."""
    scenario = cell[0].scenario
    low, high = (function(each.scenario.strength for each in cell) for function in (min, max))
    percent = 100 if scenario.family in SHARES else 1
    span = " to ".join(dict.fromkeys(f"{percent * end:.2g}" for end in (low, high)))
    words = {
        "mean": f"+{span} sd",
        "scale": f"+{span} of the sd",
        "category": f"{span} of shares turned",
        "correlation": f"0.9 to {0.9 * (1 - high):.2f}",
        "mean in season": "2 limits, or half-way to 1",
    }
    if scenario.family in SHARES:
        return f"+{span} % of rows"
    return words.get(scenario.family, "")


def print_table(told: Sequence[Told]) -> None:
    cells: dict[tuple[str, str, int], list[Told]] = {}
    for each in told:
        cells.setdefault((each.scenario.family, each.scenario.effect, each.scenario.rows), []).append(each)
    order = ("none", "season", "trifle", "concept", "declared", "twice")

    def rank(key):
        family, effect, rows = key
        kind = family if family in ("season", "concept") else effect
        return order.index(kind), FAMILIES.index(family), rows

    print(
        f"{'':66}{'rows':>6}{'windows':>9}{'ours':>7}{'2 of 3':>8}{'delay':>7}{'2 of 3':>8}"
        f"{'windows':>9}{'evidently':>11}{'any':>6}{'nannyml':>9}"
    )
    for key in sorted(cells, key=rank):
        cell = cells[key]
        (family, effect, rows), quiet = key, cell[0].scenario.quiet
        persistent = f"{share(alarms_of(cell, persistent=True)):.3f}" if quiet else ""
        late = ["" if quiet else f"{mean_delay(cell, persistent=persistent):.2f}" for persistent in (False, True)]
        asked = max(len(alarms_of(cell, who)) for who in PEER_RULES)
        theirs = ["" if (found := share(alarms_of(cell, who))) is None else f"{found:.2f}" for who in PEER_RULES]
        kind = {"none": "", "twice": ", twice the limit"}.get(effect, f", {effect}")
        called = {"none": "no change", "season": "season only"}.get(family, family) + kind
        asks = "not to be seen: " if family == "concept" else "false alarms: " if quiet else "power: "
        print(
            f"{asks}{called}".ljust(38) + f"{told_strength(cell):28}"
            f"{SIZES.get(rows, f'{rows:,}'):>6}{len(alarms_of(cell)):9}{share(alarms_of(cell)):7.3f}{persistent:>8}"
            f"{late[0]:>7}{late[1]:>8}{asked or '':>9}{theirs[0]:>11}{theirs[1]:>6}{theirs[2]:>9}"
        )


def print_concept() -> None:
    """Print what a changed concept does to the model, of which the rows show nothing."""
    import numpy as np

    errors = []
    for family in ("none", "concept"):
        rows = plain_rows(np.random.default_rng(0), CALIBRATED, Scenario(family, "none", CALIBRATED, 0))
        errors.append(float(np.abs(rows["said"].to_numpy() - rows["came"].to_numpy()).mean()))
    print(
        f"concept: the model's mean absolute error goes from {errors[0]:.2f} to {errors[1]:.2f}; none of these sees it "
        "without labels"
    )


def claim(told: Sequence[Told], *, quick: bool) -> list[dict[str, object]]:
    """Return what is claimed, beside the peers on the windows that they judged, and whether it was met."""

    def judged(words, chosen, target, *, least):
        ours = share(alarms_of(chosen))
        met = ours is not None and (ours >= target if least else ours <= target)
        theirs = {" ".join(who): share(alarms_of(chosen, who)) for who in PEER_RULES}
        return {
            "claim": words,
            "ours": None if ours is None else round(ours, 4),
            "peers": {name: None if found is None else round(found, 4) for name, found in theirs.items()},
            "target": target,
            "met": met,
        }

    quiet = [each for each in told if each.scenario.quiet]
    declared = [each for each in told if each.scenario.effect == "declared"]
    kinds = {
        "without a change": lambda scenario: scenario.family == "none",
        "that differ by season only": lambda scenario: scenario.family == "season",
        "that differ by a trifle": lambda scenario: scenario.effect == "trifle",
        "whose concept alone changed": lambda scenario: scenario.family == "concept",
    }
    found = [
        judged(
            f"windows {words} that alarm", [each for each in quiet if kind(each.scenario)], FALSE_ALARMS, least=False
        )
        for words, kind in kinds.items()
        if any(kind(each.scenario) for each in quiet)
    ]
    families = dict.fromkeys(each.scenario.family for each in declared)
    found += [
        judged(
            f"windows with a declared change, {family}, that alarm",
            [each for each in declared if each.scenario.family == family],
            POWER,
            least=True,
        )
        for family in families
    ]
    for rows, size in SIZES.items():
        chosen = [each for each in declared if each.scenario.rows == rows]
        if chosen:
            found.append(judged(f"windows of {size} rows with a declared change that alarm", chosen, POWER, least=True))
    if not quick:
        found.append({"claim": "scenarios", "ours": len(told), "target": 200, "met": len(told) >= 200})
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few windows of few rows; the peers judge 12 of them")
    parser.add_argument("--child", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.folder)
        return 0
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as scratch,
        ThreadPoolExecutor(len(PEERS)) as asking,
        ProcessPoolExecutor(2, mp_context=spawn) as pool,
    ):
        folder = Path(scratch)
        wanted = scenarios(pool, quick=given.quick)
        lay_down(folder, wanted)
        asked = {name: asking.submit(ask, name, folder) for name in PEERS}
        grouped = groups(wanted)
        judged = pool.map(judge_all, grouped)
        ours = {
            scenario: windows
            for group, said in zip(grouped, judged, strict=True)
            for scenario, windows in zip(group, said, strict=True)
        }
        answers = {name: future.result() for name, future in asked.items()}
    said = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    told = [told_of(scenario, ours[scenario], said) for scenario in wanted]
    print_table(told)
    print_concept()
    wrong = Counter(failed for each in told if each.scenario.quiet for judged in each.ours for failed in judged.failed)
    print(f"false alarms of ours: {', '.join(f'{number} of {name}' for name, number in wrong.most_common()) or 'none'}")
    for name, answer in answers.items():
        if isinstance(answer, str):
            print(f"{name} was left out: {answer}")
    claims = claim(told, quick=given.quick)
    late = [each for each in told if each.scenario.effect == "declared"]
    delay = {"1 of 1": mean_delay(late, persistent=False), "2 of 3": mean_delay(late, persistent=True)}
    print(json.dumps({"claims": claims, "mean windows until a declared change alarms": delay}))
    return 0 if all(each["met"] for each in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
