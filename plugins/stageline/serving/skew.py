"""Whether a model gets in serving what it got in training: columns, types, the features of known rows, shares."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stageline.features import model_frame
from stageline.serving.features import feature_rows
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from stageline.serving.features import FeatureRows
    from stageline.serving.reference import Reference

_SHOWN = 5


@dataclass(frozen=True)
class SkewLimits:
    """Above which shares a warning is given.

    :param unseen: Largest share of a feature's texts that training never saw, 0 to 1.
    :param nulls: Largest difference of a feature's share of nulls from that in training, 0 to 1.
    """

    unseen: float = 0.01
    nulls: float = 0.05


def check_columns(schema: "pa.Schema", reference: "Reference", *, name: str) -> Check:
    """Fail where a column is missing, or its values are of another kind than in training.

    :param name: How messages call the source.
    """
    problems = []
    for column in reference.columns.read:
        if column not in schema.names:
            problems.append(f"column {column!r} is missing")
            continue
        trained, found = reference.types[column], schema.field(column).type
        if _kind(found) not in ("null", _kind(trained)) and not _is_time_text(column, found, reference):
            problems.append(f"column {column!r} is {found}, in training it was {trained}")
    shown = "; ".join(problems[:_SHOWN]) + ("; …" if len(problems) > _SHOWN else "")
    count = len(reference.columns.read)
    return Check(
        code="SL-B005", name="columns_as_in_training", verdict=Verdict.FAILED if problems else Verdict.PASSED,
        n=count, value=len(problems), limit=0,
        message=f"{name!r}: {len(problems)} of {count} columns are not as in snapshot {reference.version}: {shown}"
        if problems else f"all {count} columns are there, of the kinds of snapshot {reference.version}",
        details={"problems": problems},
    )  # fmt: skip


def _kind(kind: "pa.DataType") -> str:
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_timestamp(kind) or types.is_date(kind):
        return "time with a zone" if types.is_timestamp(kind) and kind.tz else "time"
    for name, matches in {
        "null": types.is_null,
        "boolean": types.is_boolean,
        "text": lambda one: types.is_string(one) or types.is_large_string(one) or types.is_string_view(one),
        "number": lambda one: types.is_integer(one) or types.is_floating(one) or types.is_decimal(one),
    }.items():
        if matches(kind):
            return name
    return str(kind)


def _is_time_text(column: str, found: "pa.DataType", reference: "Reference") -> bool:
    # Times as texts are parsed one by one, and each must be of the kind that training saw.
    return column == reference.columns.event_time and _kind(found) == "text"


@dataclass
class SkewWatch:
    """What is counted while rows are scored.

    :param found: Features of sampled rows that the source still has, by their place in the sample.
    """

    reference: "Reference"
    rows: int = 0
    nulls: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    found: "dict[int, pd.DataFrame]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        columns, sample = self.reference.columns, self.reference.sample
        self.recorded = model_frame(sample, columns.numeric, columns.categorical)
        keys = list(zip(*(sample[key].to_pylist() for key in columns.keys), strict=True))
        # A key with a null in it, or one of several rows, names none.
        self._place_of = {key: place for place, key in enumerate(keys) if None not in key and keys.count(key) == 1}

    def see(self, rows: "FeatureRows") -> None:
        """Count a batch."""
        columns, frame = self.reference.columns, rows.frame
        self.rows += len(frame)
        for name in columns.numeric:
            # A sum is NaN only where a value is, and quicker than looking at each.
            values = frame[name].to_numpy()
            self.nulls[name] = self.nulls.get(name, 0) + int((values != values).sum())  # noqa: PLR0124 - NaN alone
        for name in columns.categorical:
            self._see_texts(name, rows.table[name])
        if self._place_of and len(self.found) < len(self._place_of):
            self._find(rows)

    def _see_texts(self, name: str, values: "pa.ChunkedArray") -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        self.nulls[name] = self.nulls.get(name, 0) + values.null_count
        if pa.types.is_null(values.type):
            return
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        for chunk in encoded.chunks:
            texts = chunk.dictionary.cast(pa.large_string())
            is_new = np.asarray(pc.invert(pc.is_in(texts, value_set=self.reference.categories[name])))
            if not is_new.any():
                continue
            codes = np.asarray(chunk.indices.drop_null())
            self.unseen[name] = self.unseen.get(name, 0) + int(is_new[codes].sum())
            seen = self.examples.setdefault(name, [])
            for code in np.flatnonzero(is_new)[:_SHOWN]:
                if len(seen) < _SHOWN and (text := texts[int(code)].as_py()[:100]) not in seen:
                    seen.append(text)

    def _find(self, rows: "FeatureRows") -> None:
        """Keep the features of sampled rows, the first of each key."""
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
                return
        at = np.flatnonzero(maybe)
        kinds = [sample.schema.field(key).type for key in columns.keys]
        parts = [
            held[key].take(pa.array(at)).cast(kind, safe=False).to_pylist()
            for key, kind in zip(columns.keys, kinds, strict=True)
        ]
        for row, named in zip(at.tolist(), zip(*parts, strict=True), strict=True):
            place = self._place_of.get(named)
            if place is not None and place not in self.found:
                self.found[place] = rows.frame.iloc[[row]]

    def checks(self, limits: SkewLimits, private: frozenset[str] = frozenset()) -> tuple[Check, ...]:
        """Conclude.

        :param private: Columns whose values are not shown.
        """
        return (self._features_same(), self._share_unseen(limits.unseen, private), self._share_null(limits.nulls))

    def _features_same(self) -> Check:
        """Compare the features recorded at training with those that scoring makes of the same rows."""
        import pandas as pd

        reference = self.reference
        sample = reference.sample
        made = feature_rows(sample.select(list(reference.columns.read)), reference.columns, frozenset())
        lost = len(self.recorded) - len(made.frame)
        differing = {} if lost else _differing(made.frame, self.recorded)
        places = sorted(self.found)
        from_source = (
            _differing(
                pd.concat([self.found[place] for place in places], ignore_index=True),
                self.recorded.iloc[places].reset_index(drop=True),
            )
            if places
            else {}
        )
        words, verdict = [], Verdict.PASSED
        if lost:
            words.append(
                f"{lost} of {len(self.recorded)} rows of snapshot {reference.version} cannot be scored any more"
            )
            verdict = Verdict.FAILED
        elif differing:
            words.append(f"made again from snapshot {reference.version}: {_tell(differing, len(self.recorded))}")
            verdict = Verdict.FAILED
        else:
            words.append(f"the features of {len(self.recorded)} rows of snapshot {reference.version} are made the same")
        if from_source:
            # A few rows may have been corrected in the source; a feature that is another in most of them is made
            # otherwise.
            most = max(from_source.values())
            verdict = Verdict.FAILED if 2 * most > len(places) else _graver(verdict, Verdict.WARNED)
            words.append(f"read from the source: {_tell(from_source, len(places))}")
        elif places:
            words.append(f"{len(places)} of them are in the source, with the same features")
        return Check(
            code="SL-B006", name="features_as_in_training", verdict=verdict, message="; ".join(words),
            n=len(self.recorded), value=max([lost, *differing.values(), *from_source.values()]), limit=0,
            details={"recomputed": differing, "in_source": len(places), "from_source": from_source},
        )  # fmt: skip

    def _share_unseen(self, limit: float, private: frozenset[str]) -> Check:
        shares = {name: self.unseen.get(name, 0) / self.rows for name in self.reference.columns.categorical}
        above = {name: share for name, share in shares.items() if share > limit}
        told = "; ".join(
            f"{name!r}: {self.unseen[name]:,} of {self.rows:,} texts ({share:.1%})" for name, share in above.items()
        )
        return Check(
            code="SL-B007", name="categories_seen_in_training", severity=Severity.WARNING,
            verdict=Verdict.FAILED if above else Verdict.PASSED, n=self.rows,
            value=max(shares.values(), default=0.0), limit=limit,
            message=f"training never saw these texts, limit {limit:.1%}: {told}" if above
            else f"at most {max(shares.values(), default=0.0):.1%} of a feature's texts are new, limit {limit:.1%}",
            details={
                "shares": shares,
                "examples": {name: self.examples[name] for name in above if name not in private},
            },
        )  # fmt: skip

    def _share_null(self, limit: float) -> Check:
        trained = self.reference.null_shares
        shares = {name: self.nulls.get(name, 0) / self.rows for name in self.reference.columns.features}
        moved = {name: share for name, share in shares.items() if abs(share - trained[name]) > limit}
        told = "; ".join(f"{name!r}: {share:.1%}, in training {trained[name]:.1%}" for name, share in moved.items())
        most = max((abs(share - trained[name]) for name, share in shares.items()), default=0.0)
        return Check(
            code="SL-B008", name="nulls_as_in_training", severity=Severity.WARNING,
            verdict=Verdict.FAILED if moved else Verdict.PASSED, n=self.rows, value=most, limit=limit,
            message=f"shares of nulls moved by more than {limit:.1%}: {told}" if moved
            else f"no share of nulls moved by more than {most:.1%}, limit {limit:.1%}",
            details={"shares": shares},
        )  # fmt: skip


def _graver(one: Verdict, other: Verdict) -> Verdict:
    return one if one is Verdict.FAILED else other


def _differing(made: "pd.DataFrame", recorded: "pd.DataFrame") -> dict[str, int]:
    """Return in how many rows each feature is another; nulls are equal to each other."""
    counts = {}
    for name in recorded.columns:
        one, other = made[name].to_numpy(), recorded[name].to_numpy()
        counts[str(name)] = sum(not _same(a, b) for a, b in zip(one.tolist(), other.tolist(), strict=True))
    return {name: count for name, count in counts.items() if count}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN


def _tell(differing: dict[str, int], rows: int) -> str:
    listed = [f"{name!r} differs in {count} of {rows} rows" for name, count in differing.items()]
    return ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")
