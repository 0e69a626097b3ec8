import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.spec.durations import PATTERN, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P7D", timedelta(days=7)),
        ("P1W", timedelta(days=7)),
        ("PT12H", timedelta(hours=12)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT0S", timedelta(0)),
        ("PT90M", timedelta(minutes=90)),
    ],
)
def test_read(text, length):
    assert parse_duration(text) == length
    assert re.search(PATTERN, text)


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "P1Y", "P1M", "7D", "P-1D", "P1.5D", "p7d", " P7D", "P7D\n", "P٣D"]
)
def test_refused(text):
    with pytest.raises(ValueError, match="is not an ISO 8601 duration"):
        parse_duration(text)
    assert not re.fullmatch(PATTERN.strip("^$"), text)


@pytest.mark.parametrize("text", ["P99999999999D", "P36526D", f"P{'9' * 5000}D", f"PT{'9' * 12}S"])
def test_too_long(text):
    with pytest.raises(ValueError, match="longer than 100 years"):
        parse_duration(text)


@given(st.integers(0, 100 * 365 * 86_400))
def test_written_and_read_again(seconds):
    length = timedelta(seconds=seconds)
    assert parse_duration(format_duration(length)) == length
