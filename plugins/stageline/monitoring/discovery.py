"""Which of many findings to believe: control of the share of false ones."""

from collections.abc import Sequence

RATE = 0.05
# With a greater chance, what was seen lies below the limit.
_ASKED = 0.5


def discoveries(chances: Sequence[float], weights: Sequence[float], *, rate: float = RATE) -> list[bool]:
    """Return which findings stand, so that of those at most `rate` are expected to be false.

    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), with weights that are known
    beforehand: Genovese, Roeder and Wasserman (2006), Biometrika 93(3).

    :param chances: The probability of each if there were nothing.
    :param weights: How much each counts, 0 or more; only their ratios matter.
    :raises ValueError: There are not as many weights.
    """
    if len(chances) != len(weights):
        raise ValueError(f"{len(chances)} chances and {len(weights)} weights")
    whole = sum(weights)
    if not whole:
        return [False] * len(chances)
    scaled = [weight * len(weights) / whole for weight in weights]
    adjusted = [min(1.0, chance / weight) if weight else 1.0 for chance, weight in zip(chances, scaled, strict=True)]
    ranked = sorted(adjusted)
    passing = [chance for rank, chance in enumerate(ranked, start=1) if chance <= rate * rank / len(ranked)]
    threshold = max(passing, default=-1.0)
    return [chance <= threshold for chance in adjusted]


def discoveries_above(chances: Sequence[float], weights: Sequence[float], *, rate: float = RATE) -> list[bool]:
    """Return which findings stand where each has a limit to exceed, and most are far below theirs.

    The chance of what is far below its limit is next to 1, in every sample. It proves nothing, but among the others it
    counts, and makes theirs harder to prove. So chances above one half are left out, and the others taken given that
    they are not: Zhao, Small and Su (2019), Journal of the American Statistical Association 114(527).

    :raises ValueError: There are not as many weights.
    """
    if len(chances) != len(weights):
        raise ValueError(f"{len(chances)} chances and {len(weights)} weights")
    asked = [place for place, chance in enumerate(chances) if chance <= _ASKED]
    stands = discoveries([chances[place] / _ASKED for place in asked], [weights[place] for place in asked], rate=rate)
    found = {place for place, stand in zip(asked, stands, strict=True) if stand}
    return [place in found for place in range(len(chances))]
