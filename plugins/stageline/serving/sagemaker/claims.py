"""Who may ask for an update: whoever made its configuration, once; a claim that nobody used is taken over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from stageline.serving.sagemaker.names import claim_number

# From making a configuration to asking for it takes a few calls. Whoever takes longer finds it deleted.
LEASE = timedelta(minutes=2)


@dataclass(frozen=True)
class Claim:
    """An endpoint configuration that somebody made in order to ask for it.

    :param made: When.
    :param seen: When the endpoint was last modified, as its maker had seen it, in words.
    """

    name: str
    made: datetime
    seen: str


class Right(StrEnum):
    """What a step may do about an update, given the claims there are."""

    FREE = "free"  # nobody has asked, or whoever was about to died
    HELD = "held"  # somebody is about to, or died just now
    SPENT = "spent"  # somebody asked, or the endpoint was changed since


def own(claims: Collection[Claim], base: str) -> list[Claim]:
    """Return the claims to one configuration, the first try first."""
    numbered = [(claim_number(base, claim.name), claim) for claim in claims]
    return [claim for number, claim in sorted(numbered, key=lambda each: each[0]) if number]


def right(claims: Collection[Claim], others: Collection[Claim] = (), *, modified: str, now: datetime) -> Right:
    """Return what may be done where an endpoint is at rest and uses another configuration.

    An update modifies the endpoint. So where it was last modified when it had been as a claim was made, nobody has
    used that claim yet; else it was used and undone, or another hand changed the endpoint: either way, to ask again
    might be a second update for one record.

    :param claims: Those to the configuration asked for.
    :param others: Those of the same and of earlier records that the endpoint does not use.
    :param modified: When the endpoint was last modified, in words.
    :param now: AWS' own time.
    """
    if any(claim.seen != modified for claim in claims):
        return Right.SPENT
    if any(now - claim.made < LEASE for claim in (*claims, *others)):
        return Right.HELD
    return Right.FREE
