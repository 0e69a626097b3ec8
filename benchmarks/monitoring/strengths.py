"""How strong a change has to be for its effect, and what it truly does to the model: asked of large samples."""

import math
import statistics
from dataclasses import replace
from functools import cache

from monitoring.ours import count, profile_of, week
from monitoring.rows import HOLDOUT, NULLS, plain_rows, year_rows
from monitoring.scenarios import CHANGED, LIMIT, MAX_LOSS, SHARES, WEEK, WEEKS, YEAR, Scenario

CALIBRATED, MANY = 50_000, 200_000
# The quantile that a finding has to pass among some four that are asked, 2.5, and the one that 95 % of them do, 1.65.
SHOWN = 4.2
# The same of one loss alone, whose interval holds 95 %: 1.96 and 1.65.
LOSS_SHOWN = 3.6


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


@cache
def usual_errors():
    """Return cuts of what a model says, and its mean absolute error between them while nothing has changed."""
    import numpy as np

    said, missed = _said_and_missed(Scenario("none", "none", MANY, 0), 1)
    cuts = np.quantile(said, np.arange(1, 500) / 500)
    places = np.searchsorted(cuts, said)
    usual = np.bincount(places, missed) / np.bincount(places)
    # An error's spread relative to its mean, which says how much one window shows.
    return cuts, usual, float(missed.std() / missed.mean())


@cache
def true_loss(family: str, column: str, strength: float) -> float:
    """Return by how much a changed model is worse than its mix of predictions leads one to expect, as a share."""
    import numpy as np

    cuts, usual, _ = usual_errors()
    said, missed = _said_and_missed(Scenario(family, "none", MANY, 0, column, strength), 2)
    return float(missed.mean() / usual[np.searchsorted(cuts, said)].mean() - 1)


def _said_and_missed(scenario, seed):
    import numpy as np

    rows = plain_rows(np.random.default_rng([seed, 3]), scenario.rows, scenario)
    said, came = rows["said"].to_numpy(), rows["came"].to_numpy()
    return said, np.abs(said - came)


def declared_loss(rows: int) -> float:
    """Return the loss declared: twice the limit, or what so many rows and the holdout show beyond it."""
    relative = usual_errors()[2]
    loss = MAX_LOSS
    for _ in range(50):
        loss = MAX_LOSS + LOSS_SHOWN * (1 + loss) * relative * math.sqrt(1 / rows + 1 / HOLDOUT)
    return max(2 * MAX_LOSS, loss)


def concept_strengths(losses) -> list[float]:
    """Return how far the concept has to be turned for each loss."""
    import numpy as np

    steps = np.linspace(0, 0.8, 17)
    lost = np.maximum.accumulate([true_loss("concept", "", float(step)) for step in steps])
    return [float(np.interp(loss, lost, steps)) for loss in losses]
