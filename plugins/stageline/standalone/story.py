"""The demo's pilot, told in acts: a release, a worse candidate refused, a better one released, a rollback, an alarm."""

from dataclasses import dataclass

from stageline.demo.calendar import Window, write_window
from stageline.standalone.airflow_api import DagRun
from stageline.standalone.narrator import Narrator

PIPELINE, SOURCE = "hourly_demand_pilot", "hourly_demand_so_far"
TRAIN, SCORE, MONITOR = f"{PIPELINE}.train", f"{PIPELINE}.score", f"{PIPELINE}.monitor"
_REASON = "the evening planners do not trust the new numbers"


@dataclass(frozen=True)
class Act:
    """One training of the pilot.

    :param title: What happened before it.
    :param window: Hours that the source holds by then.
    :param released: Whether the model is good enough to be released.
    """

    title: str
    window: Window
    released: bool


ACTS = (
    Act("A year of rides: the first model, with nothing to beat yet", Window("2024-01-01", "2025-01-01"), True),
    Act("A clean-up job left three months of rides", Window("2025-02-01", "2025-05-01"), False),
    Act("The lost months are back, and more came in", Window("2024-01-01", "2025-12-01"), True),
)
# What the source holds once the night buses run, and the weeks of a summer in which much went wrong.
NIGHT_BUSES = Window("2024-01-01", "2025-12-08", incidents=True)
SUMMER = ("2025-05-05", "2025-07-28")
_CHAPTERS = len(ACTS) + 3


def tell(narrator: Narrator) -> bool:
    """Play all acts; return whether each ended as it should.

    :raises StandaloneError: A server goes away, or a run takes too long.
    """
    if narrator.told_before(PIPELINE):
        return True
    narrator.unpause(SCORE)
    good = True
    for number, act in enumerate(ACTS, start=1):
        _begin(narrator, number, act.title)
        write_window(narrator.home.calendars, SOURCE, act.window)
        run = narrator.start(TRAIN)
        released = narrator.succeeds(run)
        good = good and released is act.released
        if released:
            good = narrator.succeeds(narrator.next_of(SCORE, run)) and good
    _begin(narrator, len(ACTS) + 1, "a rollback")
    narrator.command("rollback", PIPELINE, "--reason", _REASON)
    # Before the scoring: its predictions start the monitoring.
    narrator.unpause(MONITOR)
    write_window(narrator.home.calendars, SOURCE, NIGHT_BUSES)
    again = narrator.start(SCORE)
    good = narrator.succeeds(again) and good
    narrator.command("verify", PIPELINE)
    narrator.command("history", PIPELINE, "--releases")
    return _watch(narrator, again) and good


def _watch(narrator: Narrator, scored: DagRun) -> bool:
    """Let the monitoring find out that the world has changed, then show what it would have said of a summer."""
    _begin(narrator, len(ACTS) + 2, "night buses start, and no column says so")
    alarmed = not narrator.succeeds(narrator.next_of(MONITOR, scored))
    narrator.command("alerts", PIPELINE)
    _begin(narrator, len(ACTS) + 3, "a summer in which much went wrong, seen again")
    narrator.command("monitor", PIPELINE, "--from", SUMMER[0], "--to", SUMMER[1])
    return alarmed


def _begin(narrator: Narrator, number: int, title: str) -> None:
    narrator.begin(f"The pilot, {number} of {_CHAPTERS}", title)
