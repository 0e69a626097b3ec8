"""Proposals about the shape of texts: dates, ids, codes, addresses, as a regular expression all of them match."""

import re
from collections.abc import Iterator

from stageline.quality.proposals.column_values import ColumnValues
from stageline.quality.proposals.proposal import ProposedExpectation, warning
from stageline.quality.proposals.text_shapes import LONGEST, find_shape

# Only what RE2, Python, PostgreSQL and Java read alike: no \d (elsewhere other digits, too), no \w, no look-around.
_KNOWN = {
    "dates": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "times": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]+)?)?(?:Z|[+-][0-9:]{2,5})?$",
    "UUIDs": r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "e-mail addresses": r"^[^@ ]+@[^@ ]+[.][^@ .]+$",
    "web addresses": r"^https?://[^ ]+$",
}
# Fewer different texts have too much in common by chance.
_LEAST_DISTINCT = 20
_LEARNED_FROM = 20_000


def about_pattern(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose the shape that all texts have, if they have one."""
    found = pattern_of(column)
    if found is None:
        return
    pattern, called = found
    yield warning(
        "expect_column_values_to_match_regex",
        f"all {len(column.known):,} texts {called}; warning: another shape is unusual",
        column=column.name, regex=pattern,
    )  # fmt: skip


def pattern_of(column: ColumnValues) -> tuple[str, str] | None:
    """Return a regular expression that all texts match, and what it says about them."""
    if column.kind != "text":
        return None
    texts = [str(text) for text in column.known.unique()]
    for called, known in _KNOWN.items():
        matches = re.compile(known).fullmatch
        if all(matches(text) for text in texts):
            return known, f"look like {called}"
    if len(texts) < _LEAST_DISTINCT or any(len(text) > LONGEST for text in texts):
        return None
    # Learned from some, checked on all of them.
    pattern = find_shape(texts[:_LEARNED_FROM])
    if pattern is None or not all(map(re.compile(pattern).fullmatch, texts)):
        return None
    return pattern, "have this shape"
