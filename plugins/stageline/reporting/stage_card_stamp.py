"""The line of a stage card that says where it is on record: a file with it can be checked against the ledger."""

import re
from dataclasses import dataclass
from hashlib import sha256

from stageline.reporting.stage_card_content import StageCard
from stageline.reporting.stage_card_markdown import stage_card_markdown
from stageline.reporting.stage_card_page import render_stage_card

# The digest is of the text with this line in the place of the stamp: no text can hold its own digest.
_BLANK = f"record #0 of the ledger, sha256:{'0' * 64}"
_STAMP = re.compile(r"record #(\d{1,9}) of the ledger, (sha256:[0-9a-f]{64})")


@dataclass(frozen=True)
class Stamp:
    """What a file says of itself.

    :param record: Position of the record that is said to name it.
    :param claimed: The digest that it says it has.
    :param digest: The one that it has.
    """

    record: int
    claimed: str
    digest: str


def card_texts(card: StageCard) -> dict[str, str]:
    """Return a card as the files that go on record, by their ending; they are not stamped yet."""
    return {".html": render_stage_card(card, stamp=_BLANK), ".md": stage_card_markdown(card, stamp=_BLANK)}


def text_digest(text: str) -> str:
    """Return the digest of a file that is not stamped yet."""
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def stamped(text: str, record: int) -> str:
    """Return a file with its stamp.

    :param record: Position of the record that holds its digest.
    """
    # The last one: whatever a person wrote stands before it.
    before, _, after = text.rpartition(_BLANK)
    return f"{before}record #{record} of the ledger, {text_digest(text)}{after}"


def read_stamp(text: str) -> Stamp | None:
    """Return what a file says of itself; none where it holds no stamp."""
    stamps = [*_STAMP.finditer(text)]
    if not stamps:
        return None
    found = stamps[-1]
    blank = f"{text[: found.start()]}{_BLANK}{text[found.end() :]}"
    return Stamp(int(found[1]), found[2], text_digest(blank))
