"""The demo's tables by name: what `demo://NAME` reads."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from stageline.demo.calendar import read_window
from stageline.exceptions import SourceError

if TYPE_CHECKING:
    import pandas as pd


def _clean() -> "pd.DataFrame":
    from stageline.demo.simulator import simulate_demand

    return simulate_demand()


def _with_incidents() -> "pd.DataFrame":
    from stageline.demo.incidents import SCRIPTED_INCIDENTS
    from stageline.demo.simulator import simulate_demand

    return simulate_demand(incidents=SCRIPTED_INCIDENTS)


def _so_far(table: str) -> "pd.DataFrame":
    from stageline.demo.incidents import CONTRACTS_JOIN, SCRIPTED_INCIDENTS
    from stageline.demo.simulator import simulate_demand

    window = read_window(table)
    if window is None:
        return _clean()
    scripted = SCRIPTED_INCIDENTS if window.incidents else ()
    return window.cut(simulate_demand(incidents=(*scripted, *((CONTRACTS_JOIN,) if window.counted_twice else ()))))


DEMO_TABLES: "dict[str, Callable[[], pd.DataFrame]]" = {
    "hourly_demand": _clean,
    "hourly_demand_incidents": _with_incidents,
    **{
        name: partial(_so_far, name)
        for name in ("hourly_demand_so_far", "hourly_demand_in_production", "hourly_demand_on_its_way")
    },
}


def read_demo(name: str) -> "pd.DataFrame":
    """Return a demo table: two years of hourly demand, clean, with the scripted incidents, or as far as they went.

    :param name: A key of `DEMO_TABLES`.
    :raises SourceError: No demo table has that name.
    """
    if name not in DEMO_TABLES:
        raise SourceError(f"'demo://{name}': unknown demo table; known: {', '.join(sorted(DEMO_TABLES))}")
    return DEMO_TABLES[name]()
