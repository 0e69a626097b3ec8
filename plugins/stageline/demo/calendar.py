"""How much of the demo's two years has happened yet: a window that the demo moves on, and its tables keep to."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError

if TYPE_CHECKING:
    import pandas as pd

# Each names a file, for the pilot's table and for that of the pipeline in production; without it, all has happened.
CALENDAR, PRODUCTION_CALENDAR = "STAGELINE_DEMO_CALENDAR", "STAGELINE_DEMO_PRODUCTION_CALENDAR"


@dataclass(frozen=True)
class Window:
    """What is kept of the hours so far.

    :param start: First hour, naive UTC, as ISO 8601.
    :param end: First hour that has not happened yet.
    :param incidents: Whether the scripted incidents happen in these hours.
    :param counted_twice: Whether the table was built by the join that counts rides twice.
    """

    start: str
    end: str
    incidents: bool = False
    counted_twice: bool = False

    def cut(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Return the rows of these hours."""
        hour = frame["ride_hour"]
        return frame[(hour >= datetime.fromisoformat(self.start)) & (hour < datetime.fromisoformat(self.end))]


def write_window(file: Path, window: Window) -> None:
    """Move the window; who reads meanwhile finds the old one or the new one."""
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(window)), encoding="utf-8")
    draft.replace(file)


def read_window(calendar: str = CALENDAR) -> Window | None:
    """Return the window that the environment's file holds, or none without one.

    :param calendar: `CALENDAR` or `PRODUCTION_CALENDAR`.
    :raises SourceError: The file holds no window.
    """
    file = Path(os.environ.get(calendar, ""))
    if not file.is_file():
        return None
    try:
        window = Window(**json.loads(file.read_text("utf-8")))
        in_order = datetime.fromisoformat(window.start) < datetime.fromisoformat(window.end)
        if in_order and isinstance(window.incidents, bool) and isinstance(window.counted_twice, bool):
            return window
    except (ValueError, TypeError):
        pass
    raise SourceError(
        f"{str(file)!r} holds no window of the demo: {{start, end}} as ISO 8601, whether there are "
        "incidents, and whether rides are counted twice; remove it"
    )
