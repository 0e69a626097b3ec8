"""What things are called at SageMaker: derived, so that whoever asks again finds what was made before."""

import hashlib
import json
import re
from typing import Any

CHAMPION = "champion"
# Of SageMaker's 63: the rest is for a number of up to 18 digits, a digest and a try.
_LONGEST_PIPELINE = 32
_DIGEST_CHARACTERS = 8


def canary_name(sequence: int) -> str:
    """Return the name of a canary's variant: a rollout's own, so that its metrics are of no other one."""
    return f"canary-{sequence}"


def short_name(pipeline: str) -> str:
    """Return a pipeline's name in letters, digits and hyphens, at most 32 of them.

    It holds no hyphen itself, so that one for each underscore leaves different names different. One that is too long
    loses its end to a digest of it.
    """
    name = pipeline.replace("_", "-")
    if len(name) <= _LONGEST_PIPELINE:
        return name
    return f"{name[: _LONGEST_PIPELINE - _DIGEST_CHARACTERS - 1].rstrip('-')}-{digest_of(pipeline)}"


def resource_name(pipeline: str, number: object, held: str) -> str:
    """Return `PIPELINE-NUMBER-DIGEST`, at most 63 characters with room for `-NN` at the end.

    :param held: Digest of what the thing holds.
    """
    return f"{short_name(pipeline)}-{number}-{held}"


def digest_of(value: Any) -> str:
    """Return 8 hexadecimal digits that tell one plain value from another."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_DIGEST_CHARACTERS]


def claim_name(base: str, number: int) -> str:
    """Return the name of the configuration that the nth try to ask for an update makes."""
    return base if number == 1 else f"{base}-{number}"


def claim_number(base: str, name: str) -> int:
    """Return which try made a configuration of this name; 0: it is of another one."""
    found = re.fullmatch(rf"{re.escape(base)}(?:-([2-9]|[1-9][0-9]+))?", name)
    return int(found[1] or 1) if found else 0


def record_of(pipeline: str, name: str) -> int:
    """Return the ledger's record that a configuration of this name was made for; 0: it is none of this pipeline's.

    :param pipeline: Its short name.
    """
    found = re.fullmatch(rf"{re.escape(pipeline)}-([0-9]+)-[0-9a-f]{{{_DIGEST_CHARACTERS}}}(?:-[0-9]+)?", name)
    return int(found[1]) if found else 0
