"""What can be said about how new the newest row is: a note, since no expectation has a bound that moves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from stageline.quality.proposals.row_order import RowOrder
from stageline.quality.proposals.wording import as_duration
from stageline.quality.wording import as_name


def notes_on_time(event_time: str, order: RowOrder, *, watched: bool, private: bool) -> Iterator[str]:
    """Say how new the newest row is, or why rows have no order.

    :param watched: Whether the pipeline declares how old the newest row may be.
    :param private: Whether the event time's values may not be shown.
    """
    import numpy as np

    column = as_name(event_time)
    if order.times is None:
        why = "" if private else f" ({order.fault})"
        yield f"{column} puts the rows in no order{why}: what is steady over time was not looked for"
    elif not watched:
        newest = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(order.times[-1]))
        at = f"{newest:%Y-%m-%d %H:%M}{' UTC' if order.in_utc else ''}"
        gap = as_duration(int(np.diff(order.times).max(initial=0)))
        seen = "" if private else f": the newest row is of {at}, rows come at most {gap} apart"
        yield (
            f"Freshness of {column}{seen}. No core expectation has a bound that moves with the clock, so none is "
            "proposed: set quality_gate.max_age instead"
        )
