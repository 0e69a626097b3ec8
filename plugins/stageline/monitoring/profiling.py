"""Make the reference profile of a table: bins, counts by month of the year, and how far ordinary windows are apart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.arrow_arrays import as_texts
from stageline.monitoring.bins import Bins, NumericBins, category_bins, numeric_bins
from stageline.monitoring.counts import ColumnCounts, Counts
from stageline.monitoring.distance import distance
from stageline.monitoring.profile import WHOLE, ColumnProfile, PartCounts, Profile, Role
from stageline.monitoring.scan import count_rows
from stageline.monitoring.signals import SHARES, Part, signals
from stageline.monitoring.windows import Window, windows

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_GROUP = "__group__"
_MONTHS = 13  # counted from 1
_MOST_WINDOWS = 60
_SHOWN_DIGITS = 4
# No bounds are asked for, only what chance adds on average.
_DRAWS = 100


@dataclass(frozen=True)
class Wanted:
    """What a profile is made of.

    :param roles: The columns, and what each is.
    :param weights: Importance of columns to the model, 0 or more; those that are not named count as the average.
    :param window: Length of the windows that will be compared with it; none: ordinary distances are not taken.
    :param measure: By which distributions will be compared.
    """

    roles: Mapping[str, Role]
    weights: Mapping[str, float] = field(default_factory=dict)
    window: timedelta | None = None
    measure: str = "jensen_shannon"


def make_profile(
    table: "pa.Table",
    wanted: Wanted,
    *,
    made_from: str,
    times: "np.ndarray | None" = None,
    name: str = "the table",
) -> Profile:
    """Return the profile of a table.

    :param times: Event time of each row, `datetime64[us]` in UTC, shape (rows,); none: the rows have no time.
    :param made_from: Digest of the table.
    :param name: How errors call the table.
    :raises DataError: A column is missing, of a type that has no bins, or the table holds no rows.
    """
    if not table.num_rows:
        raise DataError(f"a reference profile needs rows; {name} holds none")
    missing = [name for name in wanted.roles if name not in table.column_names]
    if missing:
        raise DataError(f"{name}: column {missing[0]!r} is missing; there are: {', '.join(table.column_names)}")
    table = table.select(list(wanted.roles)).unify_dictionaries()
    bins = {name: _bins(table[name], name) for name in wanted.roles}
    moments = {name: _moments(table[name]) for name, kind in bins.items() if isinstance(kind, NumericBins)}
    whole = _count(table, bins)
    months = None if times is None else _count(table, bins, groups=_month(times), group_count=_MONTHS)
    weights = _weights(wanted)
    columns = {
        name: ColumnProfile(
            kind="number" if isinstance(kind, NumericBins) else "category",
            role=wanted.roles[name],
            cuts=kind.cuts if isinstance(kind, NumericBins) else (),
            names=() if isinstance(kind, NumericBins) else kind.names,
            complete=isinstance(kind, NumericBins) or kind.complete,
            center=moments.get(name, (0.0, 0.0))[0],
            spread=moments.get(name, (0.0, 0.0))[1],
            weight=weights[name],
            parts=_parts(name, whole, months),
        )
        for name, kind in bins.items()
    }
    profile = Profile(made_from=made_from, rows=table.num_rows, measure=wanted.measure, columns=columns)
    if times is None or months is None:
        return profile
    first, last = (_moment(times.min()), _moment(times.max()))
    profile = profile.model_copy(update={"first": first.isoformat(), "last": last.isoformat()})
    if wanted.window is None:
        return profile
    return _with_ordinary(profile, table, times, months, windows(first, last, wanted.window))


def _bins(column: "pa.ChunkedArray", name: str) -> Bins:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = column.drop_null().cast(pa.float64(), safe=False).to_numpy()
        return numeric_bins(values[np.isfinite(values)])
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_null(kind):
        # What it would hold is not known: any value will be one of the others.
        return category_bins({})
    if pa.types.is_boolean(value) or pa.types.is_string(value) or pa.types.is_large_string(value):
        counted = pc.value_counts(column.drop_null())
        names = as_texts(_plain(counted.field("values")))
        return category_bins(dict(zip(names.to_pylist(), counted.field("counts").to_pylist(), strict=True)))
    raise DataError(f"column {name!r} is {kind}; a profile takes numbers, texts and booleans: leave it out")


def _plain(array: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _moments(column: "pa.ChunkedArray") -> tuple[float, float]:
    import numpy as np
    import pyarrow as pa

    values = column.drop_null().cast(pa.float64(), safe=False).to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 0.0
    # In units of the largest: no square overflows, and a constant deviates by exactly nothing.
    unit = float(np.abs(values).max()) or 1.0
    scaled = values / unit
    return float(scaled.mean()) * unit, float(scaled.std()) * unit


def _weights(wanted: Wanted) -> dict[str, float]:
    """Return weights that are 1 on average."""
    for name, weight in wanted.weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise DataError(f"the weight of column {name!r} is {weight}; expected 0 or more")
    known = [weight for name, weight in wanted.weights.items() if name in wanted.roles]
    mean = sum(known) / len(known) if known else 0.0
    if not mean:
        return dict.fromkeys(wanted.roles, 1.0)
    return {name: wanted.weights.get(name, mean) / mean for name in wanted.roles}


def _count(
    table: "pa.Table",
    bins: Mapping[str, Bins],
    *,
    groups: "np.ndarray | None" = None,
    group_count: int = 1,
) -> Counts:
    import pyarrow as pa

    if groups is None:
        return count_rows(table.to_batches(), bins)
    marked = table.append_column(_GROUP, pa.array(groups))
    return count_rows(
        marked.to_batches(), bins,
        groups=lambda batch: batch.column(_GROUP).to_numpy(), group_count=group_count,
    )  # fmt: skip


def _parts(name: str, whole: Counts, months: Counts | None) -> dict[str, PartCounts]:
    parts = {WHOLE: PartCounts.of(whole.columns[name])}
    if months is not None:
        present = [month for month in range(_MONTHS) if months.rows[month]]
        parts |= {str(month): PartCounts.of(months.columns[name].together([month])) for month in present}
    return parts


def _with_ordinary(
    profile: Profile, table: "pa.Table", times: "np.ndarray", months: Counts, every: Sequence[Window]
) -> Profile:
    """Compare windows of the reference with all other rows of their months."""
    import numpy as np

    # Only whole ones: the last may have begun just before the data end.
    whole = every[:-1]
    if not whole:
        return profile
    chosen = [whole[number] for number in np.unique(np.linspace(0, len(whole) - 1, _MOST_WINDOWS).astype(int))]
    starts = np.array([_time(window.start) for window in chosen])
    ends = np.array([_time(window.end) for window in chosen])
    place = np.searchsorted(starts, times, side="right") - 1
    inside = (place >= 0) & (times < ends[place])
    counted = _count(table.filter(inside), profile.bins, groups=place[inside], group_count=len(chosen))
    columns = {
        name: column.model_copy(
            update={"ordinary": _ordinary(column, counted.columns[name], months.columns[name], chosen, profile.measure)}
        )
        for name, column in profile.columns.items()
    }
    length = (chosen[0].end - chosen[0].start).total_seconds()
    return profile.model_copy(update={"columns": columns, "window_seconds": length})


def _ordinary(
    column: ColumnProfile, counted: ColumnCounts, months: ColumnCounts, chosen: Sequence[Window], measure: str
) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for number, window in enumerate(chosen):
        own = counted.together([number])
        same = months.together(window.months)
        current = part_of(own)
        rest = Part(same.bins[0] - own.bins[0], int(same.nulls[0] - own.nulls[0]), int(same.odd[0] - own.odd[0]))
        for signal in signals(column, rest, current, measure):
            apart = distance(signal.reference, signal.current, signal.measure, signal.line, draws=_DRAWS)
            if apart is not None:
                found.setdefault(signal.kind, []).append(round(apart.value, _SHOWN_DIGITS))
    return {kind: tuple(values) for kind, values in found.items() if kind not in SHARES or any(values)}


def part_of(counts: ColumnCounts) -> Part:
    """Return the counts of one group as they are compared."""
    low, high = float(counts.low[0]), float(counts.high[0])
    known = math.isfinite(low)
    return Part(
        counts.bins[0], int(counts.nulls[0]), int(counts.odd[0]), low if known else None, high if known else None
    )


def _month(times: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return times.astype("datetime64[M]").astype(np.int64) % 12 + 1


def _moment(time: "np.datetime64") -> datetime:
    return time.astype("datetime64[us]").item().replace(tzinfo=UTC)  # type: ignore[no-any-return]


def _time(moment: datetime) -> "np.datetime64":
    import numpy as np

    return np.datetime64(moment.replace(tzinfo=None), "us")
