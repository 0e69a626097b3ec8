"""How many exceptions a proposal allows, where the data already hold a few."""

import math

# Above this share a rule is no rule.
_MOST_ALLOWED = 0.5
# If k were seen, one table in a hundred of the same size has more than about 2k + 5 (Poisson).
_FACTOR, _MORE = 2, 5


def mostly_for(seen: int, total: int, *, worst_share: float = 0.0) -> float | None:
    """Return the share of values for which a rule must hold, with room; none if that is half of them or less.

    :param seen: Exceptions in the data.
    :param total: Values in which they were seen.
    :param worst_share: Their share where they are most frequent, e.g. in the worst block of time.
    """
    allowed = max((_FACTOR * seen + _MORE) / total, worst_share)
    if allowed >= _MOST_ALLOWED:
        return None
    step = 10.0 ** math.floor(math.log10(allowed))
    # Rounded up to one digit: 3 % seen, 7 % allowed reads better than 6.04 %.
    return round(1 - math.ceil(round(allowed / step, 9)) * step, 9)
