"""Which time a run looks back from: that of its window's end."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    from stageline.monitoring.windows import Window
    from stageline.operators.run_context import RunContext

_HOUR = timedelta(hours=1)
# Before it there is nothing to watch, and near the first year of the calendar no window could be counted back from.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def end_of_watch(run: "RunContext", until: str | None) -> datetime:
    """Return the time a run looks back from, in UTC.

    It is what `until` says; else the time the run stands for. A run that was started because the pipeline has scored
    looks back from the newest row that was scored, to the whole hour after it: what came late is looked at, too. Any
    other run without a logical date looks back from when it was to start, and so does one whose newest row lies ahead.

    Nothing is looked at that is more than an hour ahead: an incident that opens then would stay open until then.

    :param until: ISO 8601; without a zone it is in UTC.
    :raises DataError: It is no time, or it or the run's logical date lies ahead or before 1900.
    """
    from stageline.monitoring.windows import in_utc

    if until:
        try:
            asked = datetime.fromisoformat(until)
        except ValueError:
            message = f"until is {until!r}; expected ISO 8601, e.g. 2026-03-21 or 2026-03-21T06:00Z"
            raise DataError(message) from None
        return _watchable(run, asked, f"until is {until!r}")
    if run.logical_date is not None:
        return _watchable(run, run.logical_date, f"the run's logical date is {run.logical_date.isoformat()!r}")
    return _after_newest_scored(run) or in_utc(run.run_after)


def window_of(run: "RunContext", until: str | None) -> "Window":
    """Return the window of a run, as long as the spec says.

    :raises DataError: The spec does not say how long a window is, or which column holds the time.
    """
    from stageline.monitoring.windows import Window

    if run.spec.monitor is None:
        raise DataError(f"pipeline {run.name!r} has no section 'monitor', which says how long a window is")
    if run.spec.source.event_time is None:
        raise DataError(f"pipeline {run.name!r} has no source.event_time, by which rows belong to a window")
    end = end_of_watch(run, until)
    try:
        return Window(end - run.spec.monitor.window, end)
    except OverflowError:
        raise DataError(
            f"monitor.window is {run.spec.monitor.window}: no window of that length ends at {end.isoformat()}; "
            "choose a shorter one"
        ) from None


def _watchable(run: "RunContext", moment: datetime, said: str) -> datetime:
    """Return a time in UTC.

    :param said: Says where it comes from.
    :raises DataError: It lies ahead of the run, or too far back.
    """
    from stageline.monitoring.windows import in_utc

    latest = _latest(run)
    now = f"it is {latest - _HOUR:%Y-%m-%d %H:%M} now"
    try:
        end = in_utc(moment)
    except OverflowError:
        # The calendar's first or last day, in a zone where UTC has left the calendar.
        end = moment.replace(tzinfo=UTC)
    if end > latest:
        raise DataError(f"{said}, which lies ahead: what is to come cannot be counted; {now}")
    if end < _EARLIEST:
        raise DataError(f"{said}, which lies before 1900: no window can be counted back from there; {now}")
    return end


def _latest(run: "RunContext") -> datetime:
    """Return the newest time that may be looked at: a schedule's own time, or the clock, may be a little behind."""
    from stageline.monitoring.windows import in_utc

    return max(datetime.now(UTC), in_utc(run.run_after)) + _HOUR


def _after_newest_scored(run: "RunContext") -> datetime | None:
    from stageline.serving.newest_predictions import newest_time

    column = run.spec.source.event_time
    partitions = {told["partition"] for told in run.told if told.get("pipeline") == run.name and "partition" in told}
    found = [newest_time(run.predictions, column, partition) for partition in partitions] if column else []
    newest = max((each for each in found if each is not None), default=None)
    if newest is None or newest > _latest(run):
        return None
    return newest.replace(minute=0, second=0, microsecond=0) + _HOUR
