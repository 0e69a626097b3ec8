"""What of a table's columns goes on record: small, capped, and without the values of private columns."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from stageline.quality.columns import ColumnFacts, Histogram

_MAX_COLUMNS = 50
_MAX_BYTES = 80_000


def columns_to_describe(columns: Sequence[str], needed: Iterable[str]) -> tuple[str, ...]:
    """Return the needed columns that exist, and others up to 50 columns in all."""
    present = set(columns)
    existing = [name for name in dict.fromkeys(needed) if name in present]
    others = [name for name in columns if name not in set(existing)]
    return (*existing, *others[: max(_MAX_COLUMNS - len(existing), 0)])


def as_evidence(facts: Mapping[str, ColumnFacts], private: Collection[str] = ()) -> dict[str, dict[str, Any]]:
    """Return the facts of at most 50 columns as JSON values; columns past 80 kB are left out.

    :param private: Columns of which only counts are kept.
    """
    statistics: dict[str, dict[str, Any]] = {}
    size = 0
    for name, known in list(facts.items())[:_MAX_COLUMNS]:
        column = replace(known, min=None, max=None, mean=None, histogram=None) if name in private else known
        size += len(json.dumps({name: asdict(column)}))
        if size > _MAX_BYTES:
            break
        statistics[name] = asdict(column)
    return statistics


def histograms_of(evidence: Mapping[str, Any]) -> dict[str, Histogram]:
    """Return the histograms that an earlier run has on record; older records have none."""
    histograms = {}
    for name, column in evidence.get("statistics", {}).items():
        if found := column.get("histogram"):
            histograms[name] = Histogram(
                edges=tuple(found["edges"]),
                values=tuple(found["values"]),
                counts=tuple(found["counts"]),
                outside=found["outside"],
            )
    return histograms
