"""What is claimed of the judgement, and whether it was met."""

from collections.abc import Sequence

from rollout.told import Told

FALSE_ROLLBACKS, POWER = 0.05, 0.95
Claim = dict[str, object]


def claims_of(told: Sequence[Told], late: dict[str, dict[str, float]]) -> list[Claim]:
    """Return every claim, of each setting.

    :param late: By setting and rule: share of the canaries that break late and are found in that very interval.
    """
    found = []
    for each in told:
        peers = {name: round(share, 4) for name, (share, _) in each.rules.items()}
        of = f"{each.setting.name}: canaries that are"
        if each.effect == "as good":
            words = f"{of} as good as the champion and rolled back by the deadline"
            found.append(_claim(words, each.failed + each.undecided, FALSE_ROLLBACKS, peers))
        elif each.effect == "a trifle":
            found.append(_claim(f"{of} worse by a trifle and failed", each.failed, FALSE_ROLLBACKS, peers))
        else:
            size = "as much as stated" if each.effect == "stated" else "twice as much"
            found.append(_claim(f"{of} worse by {size} and failed", each.failed, POWER, peers, least=True))
            promoted = {name: round(1 - share, 4) for name, share in peers.items()}
            found.append(_claim(f"{of} worse by {size} and promoted", each.promoted, FALSE_ROLLBACKS, promoted))
    for name, shares in late.items():
        peers = {rule: round(share, 4) for rule, share in shares.items() if rule != "ours"}
        words = f"{name}: canaries that break after half of the looks and are found in that very interval"
        found.append(_claim(words, shares["ours"], POWER, peers, least=True))
    return found


def _claim(words: str, ours: float, target: float, peers: dict[str, float], *, least: bool = False) -> Claim:
    met = ours >= target if least else ours <= target
    return {"claim": words, "ours": round(ours, 4), "peers": peers, "target": target, "met": met}
