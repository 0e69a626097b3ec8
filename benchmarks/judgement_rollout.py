"""Judgement: how often a rollout undoes a canary that is good, and how surely and how soon one that is not.

`python benchmarks/judgement_rollout.py [--quick]` prints two tables, and as its last line one JSON object.

A setting is a metric, what it allows, a split of the traffic, and what the traffic is like: even, or with a daily cycle
of a factor of four, a drift, and steps of 5, 25 and 50 %. After every interval all rules take a look, and the first
look that decides counts. A canary is

- as good as the champion: a rollback, by harm shown or at the deadline (after the last look), is a false one;
- worse by a trifle: a quarter of what the metric allows;
- worse by what is stated: what the metric allows, of errors in points, else as a share of the champion's;
- worse by twice that.

Our judge is `judge_traffic` of this one metric; of a few canaries of each setting it is asked itself, and has to say
the same at every look. Beside it, on the same traces:

- `z-test`: one-sided at 5 %, on all rows so far, again at every look (of predictions: Kolmogorov-Smirnov's test);
- `mSPRT`: with a normal mixture of the size of the stated effect, on all rows so far, at 5 %;
- `Argo`: more than three intervals (`failureLimit`) in which the canary's value is above a threshold: what the champion
  has in the long run, and what the metric allows. Of latency the value is the interval's quantile;
- `Kayenta`: Mann-Whitney on the values of the intervals so far, five at least, at 98 %: fails where the interval of the
  Hodges-Lehmann shift lies above a quarter of its estimate.

All of these but Argo compare rows of all times with each other: where the split changes while the level does, that
alone is a difference. `rows` are both arms' until the decision, the median; of the other rules, of their rollbacks.
"""

import argparse
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from rollout.check import same_verdicts
from rollout.claims import claims_of
from rollout.late import found_at_once
from rollout.settings import EFFECTS, settings
from rollout.table import print_late, print_table
from rollout.told import told_of

CANARIES, QUICK = 2_000, 200
SEED = 20_260


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} canaries a setting, and no heavy tails")
    quick = parser.parse_args().quick
    canaries, chosen = QUICK if quick else CANARIES, settings(quick=quick)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        asked = [
            pool.submit(told_of, setting, effect, size, canaries, SEED)
            for setting in chosen
            for effect, size in EFFECTS.items()
        ]
        compared = [pool.submit(same_verdicts, setting, effect) for setting in chosen for effect in (0.0, 1.0)]
        late = {
            setting.name: pool.submit(found_at_once, setting, canaries, SEED)
            for setting in chosen
            if setting.metric == "error_rate"
        }
        told = [each.result() for each in asked]
        looks = sum(each.result() for each in compared)
        found = {name: each.result() for name, each in late.items()}
    print_table(told)
    print_late(found)
    print(f"\n{looks:,} looks were compared with judge_traffic itself: it says the same of each")
    claims = claims_of(told, found)
    events = {f"{each.setting.name}, {each.effect}": each.events for each in told}
    print(json.dumps({"claims": claims, "median rows until the decision": events}))
    return 0 if all(each["met"] for each in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
