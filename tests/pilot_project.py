"""The pipeline `small` as a pilot, on data that grow by the day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

PILOT = {
    "stage": "pilot",
    "owners": "{business: dana, model: mo, data: di}",
    "source": "{uri: data/small.csv, keys: [id], event_time: at}",
    "features": "{calendar: false, known_before: [x]}",
    "kpi": "{metric: mean_absolute_error, max: 50}",
    "gates": "{min_n: 30, min_improvement: -1}",
    "release": "{target: batch, approvers: [model]}",
    "monitor": "{window: P7D, drift: {fail_above: 0.1}}",
    # Most tests begin with a release, and not with what earns the stage.
    "readiness": "{enforce: tell}",
}
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def write_days(project: Path, days: int, *, changed_from: int | None = None) -> None:
    """Write eight rows a day for so many days.

    :param changed_from: Day from which the target is another one, for the same features.
    """
    colours = ("red", "green", "blue")
    lines = ["id,at,x,colour,y"]
    for row in range(days * 8):
        x = row * 37 % 101
        at = DAY + timedelta(hours=3 * row)
        more = 0 if changed_from is None or row < changed_from * 8 else 80
        lines.append(f"{row},{at:%Y-%m-%dT%H:%M:%S},{x},{colours[row % 3]},{3 * x + row * 7 % 11 + more}")
    (project / "data/small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
