"""What is counted while rows are scored, so that serving can be compared with training."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stageline.serving.tally import add_counts

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from stageline.serving.features import FeatureRows
    from stageline.serving.reference import Reference

_SHOWN = 5

# A row's features, in the order the model takes them.
Features = tuple[float | str | None, ...]


@dataclass(frozen=True)
class SkewCounts:
    """What was counted of some rows.

    :param nulls: How many values are null, by feature.
    :param unseen: How many texts training never saw, by feature.
    :param examples: The first of those texts, by feature.
    :param found: Features of sampled rows that the source still has, by their place in the sample.
    """

    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    found: dict[int, Features] = field(default_factory=dict)

    def followed_by(self, other: "SkewCounts") -> "SkewCounts":
        """Return the counts of these rows and of those that come after them in the source."""
        examples = {
            name: _first_of((*self.examples.get(name, ()), *other.examples.get(name, ())))
            for name in (*self.examples, *other.examples)
        }
        return SkewCounts(
            rows=self.rows + other.rows,
            nulls=add_counts(self.nulls, other.nulls),
            unseen=add_counts(self.unseen, other.unseen),
            examples=examples,
            # The first of each key.
            found={**other.found, **self.found},
        )


class SkewWatch:
    """Counts batches of rows.

    :param reference: What they are compared with.
    """

    def __init__(self, reference: "Reference") -> None:
        self.reference = reference
        self.counts = SkewCounts()
        keys = list(zip(*(reference.sample[key].to_pylist() for key in reference.columns.keys), strict=True))
        # A key with a null in it, or one of several rows, names none.
        self._place_of = {key: place for place, key in enumerate(keys) if None not in key and keys.count(key) == 1}

    def see(self, rows: "FeatureRows") -> None:
        """Count a batch."""
        columns, frame = self.reference.columns, rows.frame
        nulls: dict[str, int] = {}
        for name in columns.numeric:
            # A sum is NaN only where a value is, and quicker than looking at each.
            values = frame[name].to_numpy()
            nulls[name] = int((values != values).sum())  # noqa: PLR0124 - NaN alone
        unseen: dict[str, int] = {}
        examples: dict[str, list[str]] = {}
        for name in columns.categorical:
            nulls[name] = rows.table[name].null_count
            count, texts = self._unseen(name, rows.table[name])
            if count:
                unseen[name], examples[name] = count, texts
        is_wanted = self._place_of and len(self.counts.found) < len(self._place_of)
        found = self._find(rows) if is_wanted else {}
        self.counts = self.counts.followed_by(SkewCounts(len(frame), nulls, unseen, examples, found))

    def _unseen(self, name: str, values: "pa.ChunkedArray") -> tuple[int, list[str]]:
        """Return how many texts training never saw, and the first of them."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        count, shown = 0, list[str]()
        if pa.types.is_null(values.type):
            return count, shown
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        for chunk in encoded.chunks:
            texts = chunk.dictionary.cast(pa.large_string())
            is_new = np.asarray(pc.invert(pc.is_in(texts, value_set=self.reference.categories[name])))
            if not is_new.any():
                continue
            codes = np.asarray(chunk.indices.drop_null())
            # A dictionary may hold texts of other batches.
            new = codes[is_new[codes]]
            count += len(new)
            shown = _first_of((*shown, *(texts[int(code)].as_py()[:100] for code in np.unique(new)[:_SHOWN])))
        return count, shown

    def _find(self, rows: "FeatureRows") -> dict[int, Features]:
        """Return the features of sampled rows, the first of each key."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        columns, sample = self.reference.columns, self.reference.sample
        maybe = np.ones(rows.table.num_rows, dtype=bool)
        held = {}
        for key in columns.keys:
            values = rows.table[key]
            if pa.types.is_dictionary(values.type):
                values = values.cast(values.type.value_type)
            held[key] = values
            wanted = sample[key].combine_chunks().drop_null()
            same = pc.is_in(values.cast(wanted.type, safe=False), value_set=wanted)
            maybe &= np.asarray(same)
            if not maybe.any():
                return {}
        at = np.flatnonzero(maybe)
        kinds = [sample.schema.field(key).type for key in columns.keys]
        parts = [
            held[key].take(pa.array(at)).cast(kind, safe=False).to_pylist()
            for key, kind in zip(columns.keys, kinds, strict=True)
        ]
        first: dict[int, int] = {}
        for row, named in zip(at.tolist(), zip(*parts, strict=True), strict=True):
            if (place := self._place_of.get(named)) is not None:
                first.setdefault(place, row)
        return dict(zip(first, listed(rows.frame.iloc[list(first.values())]), strict=True))


def listed(frame: "pd.DataFrame") -> list[Features]:
    """Return the rows of a frame that a model takes."""
    return [tuple(row) for row in frame.to_numpy(dtype=object).tolist()]


def _first_of(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))[:_SHOWN]
