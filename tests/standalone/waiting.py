"""Wait for something that another process does."""

import time
from collections.abc import Callable


def wait_for(true: Callable[[], bool], *, seconds: float = 30) -> None:
    """Return as soon as it is true; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
