"""When a DAG runs: by the clock, when assets change, or both."""

from typing import Any

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable


def by_time_or(schedule: str | None, *assets: Asset) -> Any:
    """Return what runs a DAG on a schedule and whenever one of the assets changes.

    :param schedule: Cron expression or preset; none: only the assets count.
    """
    if not assets:
        return schedule
    if schedule is None:
        return list(assets)
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(schedule, timezone="UTC"), assets=list(assets))
