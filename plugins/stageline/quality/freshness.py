"""Whether data are recent enough to act on."""

from datetime import UTC, datetime, timedelta

from stageline.quality.wording import as_name
from stageline.spec.durations import format_duration
from stageline.verdicts import Check, Verdict

STALE = "SL-Q016"


def check_freshness(
    newest: datetime, *, column: str, now: datetime, max_age: timedelta, private: bool = False
) -> Check:
    """Compare the age of the newest row with the oldest that is allowed.

    :param newest: Newest event time; one without a zone is taken as UTC.
    :param now: The present, with a zone.
    :param private: Whether the column's values may stand nowhere: the age would give the newest away.
    """
    at = newest.astimezone(UTC) if newest.tzinfo else newest.replace(tzinfo=UTC)
    age = now - at
    allowed = f"max_age = {format_duration(max_age)}"
    old = f"the newest row is of {at:%Y-%m-%d %H:%M} UTC, {_in_words(age)} old"
    if private:
        old = f"the newest row is {'too old' if age > max_age else 'recent enough'}, no time is shown: it is private"
    return Check(
        code=STALE, name=f"fresh({as_name(column)})",
        verdict=Verdict.FAILED if age > max_age else Verdict.PASSED,
        message=f"{as_name(column)}: {old}; {allowed}",
        value=None if private else age.total_seconds() / 3600, limit=max_age.total_seconds() / 3600,
    )  # fmt: skip


def _in_words(age: timedelta) -> str:
    hours = max(age.total_seconds(), 0) / 3600
    if hours < 48:  # noqa: PLR2004 - two days
        return f"{hours:.1f} hours"
    return f"{hours / 24:,.1f} days"
