"""Which model is asked about which rows of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.serving.http.call import ArmName, Call, Part
from stageline.serving.http.refused import RefusedRequest

if TYPE_CHECKING:
    from stageline.serving.http.answerer import Answerer
    from stageline.serving.http.intake import Form
    from stageline.serving.http.lineup import Lineup
    from stageline.serving.http.protocol import AskedRows


@dataclass(frozen=True)
class Routed:
    """The parts of a call.

    :param awaited: What the caller waits for.
    :param shadow: What nobody waits for.
    :param absent: Rows of a canary that could not be loaded: the champion answers them, too.
    """

    awaited: "tuple[tuple[Answerer, Part], ...]"
    shadow: "tuple[Answerer, Part] | None" = None
    absent: Part | None = None


def routed(lineup: "Lineup", call: Call, rows: "AskedRows", form: "Form", places: Sequence[int]) -> Routed:
    """Return the parts of a call.

    :param form: For the champion.
    :param places: Of the rows that are the canary's.
    """
    head, canary, every = lineup.head.canary, lineup.canary, range(rows.count)

    def part(
        call: Call, arm: ArmName, rows: "AskedRows", places: Sequence[int], form: "Form | None",
        *, absent: tuple[int, str] | None = None,
    ) -> Part:  # fmt: skip
        return Part(call, arm, rows, places, form, sequence=lineup.sequence, percent=lineup.percent, absent=absent)

    champion = lineup.champion
    if canary is None or not places:
        awaited = ((champion, part(call, "champion", rows, every, form)),)
        shadow = absent = None
        if canary is not None and not lineup.percent:
            silent = call.silent(rows.count)
            shadow = canary, part(silent, "shadow", rows, every, _form(canary, rows))
        if canary is None and places and head is not None:
            model = head.model.version, head.model.digest
            absent = part(call.silent(len(places)), "canary", rows.only(places), places, form, absent=model)
        return Routed(awaited, shadow, absent)
    chosen = {*places}
    others = [at for at in every if at not in chosen]
    mine = rows.only(places) if others else rows
    parts = [(canary, part(call, "canary", mine, places, _form(canary, mine)))]
    if others:
        parts.append((champion, part(call, "champion", rows.only(others), others, form)))
    return Routed(tuple(parts))


def _form(answerer: "Answerer", rows: "AskedRows") -> "Form | None":
    try:
        return answerer.model.intake.form(rows.columns)
    except RefusedRequest:
        return None
