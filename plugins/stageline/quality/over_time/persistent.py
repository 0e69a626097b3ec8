"""When a warning about data that stays is a failure (SL-Q014)."""

from stageline.persistence import Persistence, short_name
from stageline.quality.over_time.band_checks import LEFT_BAND
from stageline.verdicts import Check

PERSISTENT = "SL-Q014"


def quality_persistence(k: int, n: int) -> Persistence:
    """Return the rule that a warning in k of the last n runs is a failure."""
    return Persistence(k, n, PERSISTENT, _subject)


def _subject(check: Check) -> str:
    if check.code == LEFT_BAND:
        return f"{check.details.get('metric', check.name)} left its band"
    return f"{short_name(check)} warned"
