"""The rows of a scenario: mixed columns, what a model says of them, and what comes of them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from monitoring.scenarios import FAMILIES, TRIO, WEEK, YEAR, Scenario

REFERENCE, HOLDOUT, CHUNK = 20_000, 4_000, 200_000
CATEGORIES = {"c0": 5, "c1": 12, "c2": 40}
RATES = {"k0": 4.0, "k1": 30.0}
NULLS = {"n1": 0.03, "l1": 0.02, "c1": 0.01}
# What the model says, on average; the noise is larger where it says more.
MIDDLE, YEAR_MIDDLE = 3.0, 60.0
# Standard deviations from which on the model goes on, and the truth does not.
BENT = 3.0
# The last fifth of a year, as a holdout by time is.
KEPT = 7_008


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
    came = what_comes(draw, columns, said, scenario.dose("concept", ""))
    return pa.table({**found, "said": said, "came": came})


def what_comes(draw, columns, said, turned):
    """Draw what comes of rows: what the model says, but for noise, and for what it never learned.

    :param turned: How far the concept is turned: 0 not at all, 2 the other way round than the model says.
    """
    import numpy as np

    beyond = np.zeros(len(said))
    for latent in (columns["n0"], np.log(columns["l0"]) / 0.8):
        beyond += 0.5 * (latent - np.clip(latent, -BENT, BENT))
    spread = 0.3 * np.exp(0.3 * (said - MIDDLE))
    return said - turned * (said - MIDDLE) - beyond + spread * draw.standard_normal(len(said))


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
        # Errors of neighbouring hours resemble each other.
        "error": 0.6 * resembling(0.8)[rows] + 0.8 * noise(),
    }


def year_rows(scenario, begin, end):
    """Return the rows of some hours."""
    import numpy as np
    import pyarrow as pa

    arrays = year_arrays(scenario.per_hour, scenario.number)
    part = {name: values[begin * scenario.per_hour : end * scenario.per_hour] for name, values in arrays.items()}
    if scenario.strength:
        part[scenario.column] = part[scenario.column] + scenario.strength
    error = part.pop("error")
    said = np.asarray(part["demand"] + 0.5 * part["warmth"] + 0.3 * part["rides"], float)
    for name in ("sky", "tariff"):
        part[name] = pa.array([f"{name} {place}" for place in range(4)]).take(pa.array(part[name]))
    came = said + 3 * np.exp(0.02 * (said - YEAR_MIDDLE)) * error
    return pa.table({**part, "said": said, "came": came})


def windows_of(scenario) -> Iterator[tuple[int | None, Iterable[object]]]:
    """Yield the hour that each window begins at, or none, and its rows in parts."""
    import numpy as np

    def drawn(place):
        draw = np.random.default_rng([list(FAMILIES).index(scenario.family), len(scenario.effect), scenario.rows,
                                      scenario.number, place])  # fmt: skip
        for begin in range(0, scenario.rows, CHUNK):
            yield plain_rows(draw, min(CHUNK, scenario.rows - begin), scenario)

    for place in range(scenario.length):
        if scenario.per_hour:
            begin = YEAR + place * WEEK
            yield begin, [year_rows(scenario, begin, begin + WEEK)]
        else:
            yield None, drawn(place)


def reference_rows(per_hour, number):
    """Draw the rows that a model was trained on."""
    import numpy as np

    scenario = Scenario("none", "none", REFERENCE, number, per_hour=per_hour)
    if per_hour:
        return year_rows(scenario, 0, YEAR)
    return plain_rows(np.random.default_rng([number, 1]), REFERENCE, scenario)


def holdout_rows(scenario):
    """Draw rows that a model's training never saw: as many as it keeps of its reference, of a year the last ones.

    :return: What is said of them and what came, and the hours that they are of, or none.
    """
    import numpy as np

    if not scenario.per_hour:
        table = plain_rows(np.random.default_rng([scenario.number, 2]), HOLDOUT, Scenario("none", "none", HOLDOUT, 0))
        return table["said"].to_numpy(), table["came"].to_numpy(), None
    table, hours = year_rows(replace(scenario, strength=0.0), KEPT, YEAR), hours_of(scenario, KEPT, YEAR)
    every = max(1, scenario.per_hour // 2)
    return table["said"].to_numpy()[::every], table["came"].to_numpy()[::every], hours[::every]


def hours_of(scenario, begin, end):
    """Return the hour of each row of some hours."""
    import numpy as np

    return np.repeat(np.arange(begin, end), scenario.per_hour)
