"""Which scenarios there are, how many windows each has, and which of them the peers judge, too."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import replace

from monitoring.scenarios import CHANGED, FAMILIES, LIMIT, MAX_LOSS, SHARES, WEEK, WEEKS, Scenario
from monitoring.strengths import concept_strengths, declared_loss, declared_share, strengths, true_loss, year_strength

# Rows: how many scenarios, of how many windows each, and the windows of how many of them the peers judge, too.
QUIET = {300: (40, 6, 3), 1_000: (40, 6, 3), 10_000: (15, 6, 3), 100_000: (8, 4, 1), 1_000_000: (2, 4, 0)}
ALTERED = {300: (9, 6, 1), 1_000: (9, 6, 1), 10_000: (3, 6, 1), 100_000: (3, 4, 1), 1_000_000: (1, 3, 0)}
CONCEPT = {300: (12, 6, 2), 1_000: (12, 6, 2), 10_000: (6, 6, 1), 100_000: (3, 4, 1), 1_000_000: (2, 3, 0)}
# Rows of an hour: how many years.
YEARS = {2: 6, 6: 4, 60: 2}
QUICK = {300: (3, 6, 1), 1_000: (3, 6, 0)}
QUICK_CONCEPT = {300: (6, 6, 1), 1_000: (6, 6, 0), 10_000: (2, 6, 0)}
QUICK_ALTERED = {300: (3, 3, 0), 1_000: (3, 3, 0), 10_000: (1, 3, 0)}
SHIFTED = ("demand", "fee", "warmth")
# How strong a change has to be, by family, column and effect.
Known = dict[tuple[str, str, float], float]


def scenarios(pool: Executor, *, quick: bool) -> list[Scenario]:
    """Return all of them, with the strengths that their effects ask for, and what they do to the model."""
    altered, concept = (QUICK_ALTERED, QUICK_CONCEPT) if quick else (ALTERED, CONCEPT)
    shifts = [family for family in CHANGED if family not in SHARES]
    strong = pool.map(strengths, shifts)
    turned = pool.submit(turns, concept)
    years = [(per_hour, number) for per_hour, count in ({2: 1} if quick else YEARS).items() for number in range(count)]
    columns = [SHIFTED[number % len(SHIFTED)] for _, number in years]
    shifted = pool.map(year_strength, *zip(*years, strict=True), columns)
    known = {key: strength for each in strong for key, strength in each.items()} | turned.result()
    few = {rows: cell for rows, cell in altered.items() if rows <= 1_000}
    many = {rows: cell for rows, cell in altered.items() if rows >= 100_000}
    found = list(plain("none", "none", QUICK if quick else QUIET, known))
    for family in CHANGED:
        found += plain(family, "trifle", many, known)
        found += plain(family, "declared", altered, known)
        found += plain(family, "twice", few, known)
    for effect in ("trifle", "declared", "twice"):
        found += plain("concept", effect, concept, known)
    found = with_losses(pool, found)
    for (per_hour, number), column, strength in zip(years, columns, shifted, strict=True):
        peers = number == 0 and per_hour < max(YEARS) and not quick
        # What comes of hours follows from what is said of them, whatever the season: nothing is lost.
        still = Scenario("season", "none", WEEK * per_hour, number, "", 0.0, WEEKS, per_hour, peers)
        found.append(still)
        found.append(replace(still, family="mean in season", effect="declared", column=column, strength=strength))
    return sorted(found, key=lambda scenario: FAMILIES.index(scenario.family))


def turns(sizes: Iterable[int]) -> Known:
    """Return how far the concept has to be turned, by the loss that this is to cost."""
    losses = sorted({MAX_LOSS / 2, 2 * MAX_LOSS, *map(declared_loss, sizes)})
    return {("concept", "", loss): turn for loss, turn in zip(losses, concept_strengths(losses), strict=True)}


def with_losses(pool: Executor, wanted: list[Scenario]) -> list[Scenario]:
    """Return the scenarios with what is truly lost in each."""
    keys = sorted({(each.family, each.column, each.strength) for each in wanted})
    losses = dict(zip(keys, pool.map(true_loss, *zip(*keys, strict=True), chunksize=4), strict=True))
    return [replace(each, loss=losses[each.family, each.column, each.strength]) for each in wanted]


def plain(family: str, effect: str, cells: dict[int, tuple[int, int, int]], known: Known) -> Iterator[Scenario]:
    """Yield the scenarios of plain rows of one family and effect, its columns in turn."""
    for rows, (count, length, judged) in cells.items():
        for number in range(count):
            columns = CHANGED.get(family, ("",))
            column = columns[number % len(columns)]
            strength = strength_of(family, effect, rows, column, known)
            # Where so many rows show it, twice the limit is what is declared.
            if effect != "twice" or strength < strength_of(family, "declared", rows, column, known):
                yield Scenario(family, effect, rows, number, column, strength, length, peers=number < judged)


def strength_of(family: str, effect: str, rows: int, column: str, known: Known) -> float:
    """Return how strong a change has to be for its effect."""
    if effect == "none":
        return 0.0
    if family == "concept":
        asked = {"trifle": MAX_LOSS / 2, "twice": 2 * MAX_LOSS}
        return known["concept", "", asked[effect] if effect in asked else declared_loss(rows)]
    if family not in SHARES:
        return known[family, column, LIMIT / 2 if effect == "trifle" else 2 * LIMIT]
    if effect == "declared":
        return declared_share(family, rows, column)
    return SHARES[family] * (0.5 if effect == "trifle" else 2)
