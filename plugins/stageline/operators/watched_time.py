"""Which time a run looks back from: that of its window's end."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    from stageline.monitoring.windows import Window
    from stageline.operators.run_context import RunContext

_HOUR = timedelta(hours=1)


def end_of_watch(run: "RunContext", until: str | None) -> datetime:
    """Return the time a run looks back from, in UTC.

    It is what `until` says; else the time the run stands for. A run that was started because the pipeline has scored
    looks back from the newest row that was scored, to the whole hour after it: what came late is looked at, too. Any
    other run without a logical date looks back from when it was to start.

    :param until: ISO 8601; without a zone it is in UTC.
    :raises DataError: It is no time.
    """
    from stageline.monitoring.windows import in_utc

    if until:
        try:
            return in_utc(datetime.fromisoformat(until))
        except ValueError:
            message = f"until is {until!r}; expected ISO 8601, e.g. 2026-03-21 or 2026-03-21T06:00Z"
            raise DataError(message) from None
    if run.logical_date is not None:
        return in_utc(run.logical_date)
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
    return Window(end - run.spec.monitor.window, end)


def _after_newest_scored(run: "RunContext") -> datetime | None:
    from stageline.serving.newest_predictions import newest_time

    folder, column = run.settings.tables / run.name / "predictions", run.spec.source.event_time
    partitions = {told["partition"] for told in run.told if told.get("pipeline") == run.name and "partition" in told}
    found = [newest_time(folder, column, partition) for partition in partitions] if column else []
    newest = max((each for each in found if each is not None), default=None)
    return newest and newest.replace(minute=0, second=0, microsecond=0) + _HOUR
