"""What is claimed of the judgement, and whether it was met."""

from collections.abc import Callable, Sequence

from monitoring.scenarios import Scenario
from monitoring.told import PEER_RULES, SIZES, Told, alarms_of, loss_alarms, share

FALSE_ALARMS, POWER = 0.05, 0.95
REALISED = ("nannyml", "realised")
Claim = dict[str, object]


def judged(
    words: str,
    ours: Sequence[bool],
    target: float,
    *,
    least: bool = False,
    peers: dict[str, float | None] | None = None,
) -> Claim:
    """Return one claim.

    :param ours: Of each window, whether it alarmed.
    :param least: Whether the target is the least share, else the largest.
    :param peers: What they said of those windows that they judged, too.
    """
    found = share(ours)
    return {
        "claim": words,
        "ours": None if found is None else round(found, 4),
        "peers": {name: None if said is None else round(said, 4) for name, said in (peers or {}).items()},
        "target": target,
        "met": found is not None and (found >= target if least else found <= target),
    }


def drift_claims(told: Sequence[Told]) -> list[Claim]:
    """Return what is claimed without true values."""

    def of(words, chosen, target, *, least=False):
        peers = {" ".join(who): share(alarms_of(chosen, who)) for who in PEER_RULES if who[1] in ("preset", "any")}
        return judged(words, alarms_of(chosen), target, least=least, peers=peers)

    quiet = [each for each in told if each.scenario.quiet]
    declared = [each for each in told if each.scenario.effect == "declared" and each.scenario.family != "concept"]
    kinds: dict[str, Callable[[Scenario], bool]] = {
        "without a change": lambda scenario: scenario.family == "none",
        "that differ by season only": lambda scenario: scenario.family == "season",
        "that differ by a trifle": lambda scenario: scenario.effect == "trifle" and scenario.family != "concept",
        "whose concept alone changed": lambda scenario: scenario.family == "concept",
    }
    found = []
    for words, kind in kinds.items():
        if chosen := [each for each in quiet if kind(each.scenario)]:
            found.append(of(f"windows {words} where drift alarms", chosen, FALSE_ALARMS))
    for family in dict.fromkeys(each.scenario.family for each in declared):
        chosen = [each for each in declared if each.scenario.family == family]
        found.append(of(f"windows with a declared change, {family}, where drift alarms", chosen, POWER, least=True))
    for rows, size in SIZES.items():
        if chosen := [each for each in declared if each.scenario.rows == rows]:
            words = f"windows of {size} rows with a declared change where drift alarms"
            found.append(of(words, chosen, POWER, least=True))
    return found


def performance_claims(told: Sequence[Told]) -> list[Claim]:
    """Return what is claimed with true values."""

    def of(words, chosen, target, *, least=False):
        peers = {" ".join(REALISED): share(alarms_of(chosen, REALISED))}
        return judged(words, loss_alarms(chosen), target, least=least, peers=peers)

    unhurt = [each for each in told if each.scenario.unhurt]
    declared = [each for each in told if (each.scenario.family, each.scenario.effect) == ("concept", "declared")]
    kinds: dict[str, Callable[[Scenario], bool]] = {
        "without a change": lambda scenario: scenario.family == "none",
        "that differ by season only": lambda scenario: scenario.family == "season",
        "whose rows changed and hurt the model by less than half of max_loss": lambda scenario: (
            scenario.family not in ("none", "season", "concept")
        ),
        "whose concept changed by half of max_loss": lambda scenario: scenario.family == "concept",
    }
    found = []
    for words, kind in kinds.items():
        if chosen := [each for each in unhurt if kind(each.scenario)]:
            found.append(of(f"windows {words} where performance alarms", chosen, FALSE_ALARMS))
    found.append(of("windows with a declared change, concept, where performance alarms", declared, POWER, least=True))
    for rows, size in SIZES.items():
        if chosen := [each for each in declared if each.scenario.rows == rows]:
            words = f"windows of {size} rows with a declared change of the concept where performance alarms"
            found.append(of(words, chosen, POWER, least=True))
    return found
