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

# Names a folder with a file for each table that time goes on for; without one, all has happened.
CALENDARS = "STAGELINE_DEMO_CALENDARS"


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


def write_window(calendars: Path, table: str, window: Window) -> None:
    """Move the window of a table; who reads meanwhile finds the old one or the new one.

    :param calendars: Folder that `CALENDARS` names.
    """
    file = calendars / f"{table}.json"
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(window)), encoding="utf-8")
    draft.replace(file)


def read_window(table: str) -> Window | None:
    """Return the window that the environment's folder holds for a table, or none without one.

    :raises SourceError: The file holds no window.
    """
    folder = os.environ.get(CALENDARS)
    file = Path(folder or "", f"{table}.json")
    if not folder or not file.is_file():
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
