"""Windows of time, one after the other, and the months that each touches."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stageline.exceptions import DataError

_MOST = 20_000


@dataclass(frozen=True)
class Window:
    """From `start` on, before `end`; both in UTC."""

    start: datetime
    end: datetime

    @property
    def months(self) -> tuple[int, ...]:
        """The months of the year that it touches, 1 to 12, in their order in time."""
        last = self.end - timedelta(microseconds=1)
        months, moment = [], self.start
        while (moment.year, moment.month) <= (last.year, last.month):
            months.append(moment.month)
            moment = (moment.replace(day=1) + timedelta(days=32)).replace(day=1)
        return tuple(dict.fromkeys(months))

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"


def windows(first: datetime, last: datetime, length: timedelta) -> tuple[Window, ...]:
    """Return whole windows from `first` on that hold all up to `last`, itself included.

    :raises DataError: There would be more than 20,000.
    """
    count = (last - first) // length + 1 if last >= first else 0
    if count > _MOST:
        raise DataError(
            f"{count:,} windows of {length} from {first.isoformat()} to {last.isoformat()}; expected at most "
            f"{_MOST:,}: choose a longer window or a shorter time"
        )
    return tuple(_windows(first, length, count))


def _windows(first: datetime, length: timedelta, count: int) -> Iterator[Window]:
    for number in range(count):
        yield Window(first + number * length, first + (number + 1) * length)


def in_utc(moment: datetime) -> datetime:
    """Return a time in UTC; one without a zone is there already."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
