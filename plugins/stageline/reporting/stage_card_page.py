"""The stage card as a page: one HTML file without scripts and without a single outside address."""

from stageline.reporting.stage_card_content import StageCard
from stageline.reporting.templating import render

MOST_POINTS = 7.0


def render_stage_card(card: StageCard, *, stamp: str = "") -> str:
    """Return the card as HTML: the same card gives the same characters.

    Whatever names and values hold is shown as text, cut to a bounded length.

    :param stamp: Where it is on record; empty: nowhere.
    """
    return render(
        "stage_card.html.j2",
        card=card,
        stamp=stamp,
        most=MOST_POINTS,
        needed=[each for each in card.todo if each.needed],
        optional=[each for each in card.todo if not each.needed],
        roles=tuple(zip(("business", "model", "data", "operations"), card.owners, strict=True)),
        facts=[
            (name, found)
            for name, found in (("KPI", card.kpi), ("Data", card.data), ("Model", card.model), ("Costs", card.costs))
            if found
        ],
        known={record.position for record in card.records},
    )
