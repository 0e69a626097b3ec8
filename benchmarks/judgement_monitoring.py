"""Judgement: how often drift and performance cry wolf, and how often and how soon they see what has changed.

`python benchmarks/judgement_monitoring.py [--quick]` prints two tables, and as its last line one JSON object.

A scenario is a family, an effect, a number of rows, a reference and a seed: a few windows in a row, whose change stays.
Plain rows have twelve mixed columns and a prediction, and a reference of 20,000 rows. Seasonal rows are two years of
hours that resemble their neighbours: the first year is the reference, the weeks of the second are the windows.

**Drift** knows no true values.

- Quiet are: no change, season only, and trifles (changes of half the limit, on many rows). An alarm is a false one.
- Changed are: mean, scale, tail (outliers), category (other shares), new (a category), missing, correlation (of three
  columns, each as before), and the mean within a season. The effect declared is twice the limit: a Jensen-Shannon
  distance of 0.2, of which the effect follows on a large sample; of shares, which few rows show badly, at least
  `SHOWN` standard errors above the limit. Seasonal ones: see `year_strength`.
- Concept: what follows from the rows changes, and the rows do not. An alarm there is a false one, too.

**Performance** is told what came of each row, and judges the mean absolute error of the windows, each alone (`loss`)
and as a moving average (`smoothed`), beside a holdout of 4,000 rows; of a year that is its last fifth.

- Errors are larger where the model says more; of hours, neighbours' errors resemble each other. Beyond three standard
  deviations of two columns the truth levels off and the model does not.
- The true loss of a change is what a large sample shows: its error beside that of unchanged rows of which the model
  says the same. Up to half of `max_loss` (0.10) an alarm is a false one, whatever the rows did; above, it may alarm.
- Concept: the more of it has turned, the larger the error. A trifle loses half of `max_loss`; the loss declared is
  twice `max_loss`, or what so many rows and the holdout show beyond it (`LOSS_SHOWN` standard errors).

Evidently's data drift preset and NannyML's univariate drift judge some of the same windows, of up to 100 k rows, each
by its defaults and in an environment of its own. `any` is an alarm of any column, `evidently` the preset's own rule:
half of the columns. NannyML learns its thresholds from chunks of the reference as long as the window; a window longer
than a tenth of the reference is cut into chunks of that length, and most of them have to alert. Of seasonal rows each
is given the whole first year. What is a trifle follows from our limits: by one of its own a peer may rightly alarm.
`realised` is NannyML's performance with true values, `estimated` its direct loss estimation without; both know the
true values of the whole reference, and alarm in both directions. CBPE knows classes only, and Evidently gives
performance no verdict by default.

`2 of 3` is an alarm that stays: in two of the last three windows. `delay` is the number of windows, on average, from
the change to the first alarm, itself included; one more than there are where none came.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from monitoring.claims import drift_claims, performance_claims
from monitoring.drift_table import print_drift
from monitoring.ours import judge_all
from monitoring.peers import PEERS, RUNNERS, ask, child, lay_down
from monitoring.performance_table import print_performance
from monitoring.plan import scenarios
from monitoring.scenarios import Scenario
from monitoring.told import SIZES, Told, found_in_six, mean_delay, mean_loss_delay, told_of


def groups(wanted: Iterable[Scenario]) -> list[list[Scenario]]:
    """Put those together whose reference takes long to make, these first."""
    found: dict[object, list[Scenario]] = {}
    for scenario in wanted:
        found.setdefault(scenario.reference if scenario.per_hour else scenario.name, []).append(scenario)
    return sorted(found.values(), key=lambda group: -sum(each.rows * each.length for each in group))


def judge_beside_peers(*, quick: bool) -> tuple[list[Told], dict[str, str]]:
    """Return what all said of each scenario, and why a peer said nothing."""
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory() as scratch,
        ThreadPoolExecutor(len(PEERS)) as asking,
        ProcessPoolExecutor(2, mp_context=spawn) as pool,
    ):
        folder = Path(scratch)
        wanted = scenarios(pool, quick=quick)
        lay_down(folder, wanted)
        asked = {name: asking.submit(ask, name, folder) for name in PEERS}
        grouped = groups(wanted)
        ours = {
            scenario: windows
            for group, said in zip(grouped, pool.map(judge_all, grouped), strict=True)
            for scenario, windows in zip(group, said, strict=True)
        }
        answers = {name: future.result() for name, future in asked.items()}
    said = {name: answer for name, answer in answers.items() if not isinstance(answer, str)}
    left_out = {name: answer for name, answer in answers.items() if isinstance(answer, str)}
    return [told_of(scenario, ours[scenario], said) for scenario in wanted], left_out


def delays_of(told: list[Told]) -> dict[str, dict[str, float | None]]:
    """Return the windows until a change alarms, on average."""
    drift = [each for each in told if each.scenario.effect == "declared" and each.scenario.family != "concept"]
    concept = [each for each in told if each.scenario.family == "concept" and each.scenario.effect != "trifle"]
    found = {"drift, declared": {rule: mean_delay(drift, persistent=rule != "1 of 1") for rule in ("1 of 1", "2 of 3")}}
    for effect, words in (("declared", "declared"), ("twice", "twice max_loss")):
        for rows, size in SIZES.items():
            if chosen := [each for each in concept if (each.scenario.effect, each.scenario.rows) == (effect, rows)]:
                found[f"performance, {words}, {size} rows"] = {
                    name: mean_loss_delay(chosen, smoothed=name == "smoothed, too")
                    for name in ("one window", "smoothed, too")
                } | {"share found": found_in_six(chosen)}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few windows of few rows; the peers judge 30 of them")
    parser.add_argument("--child", choices=RUNNERS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child, given.folder)
        return 0
    told, left_out = judge_beside_peers(quick=given.quick)
    print_drift(told)
    print_performance(told)
    wrong = Counter(failed for each in told if each.scenario.quiet for judged in each.ours for failed in judged.failed)
    print(
        f"false alarms of drift: {', '.join(f'{number} of {name}' for name, number in wrong.most_common()) or 'none'}"
    )
    for name, answer in left_out.items():
        print(f"{name} was left out: {answer}")
    claims = [*drift_claims(told), *performance_claims(told)]
    if not given.quick:
        claims.append({"claim": "scenarios", "ours": len(told), "target": 200, "met": len(told) >= 200})
    print(json.dumps({"claims": claims, "mean windows until an alarm": delays_of(told)}))
    return 0 if all(each["met"] for each in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
