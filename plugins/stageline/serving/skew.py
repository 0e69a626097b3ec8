"""Whether a model gets in serving what it got in training: columns, types, the features of known rows, shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.features import model_frame
from stageline.serving.features import feature_rows
from stageline.serving.skew_watch import Features, SkewCounts, listed
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

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


def check_skew(
    counts: SkewCounts, reference: "Reference", limits: SkewLimits, private: frozenset[str] = frozenset()
) -> tuple[Check, ...]:
    """Judge what was counted while rows were scored, at least one of them.

    :param private: Columns whose values are not shown.
    """
    return (
        _features_same(counts, reference),
        _share_unseen(counts, reference, limits.unseen, private),
        _share_null(counts, reference, limits.nulls),
    )


def _features_same(counts: SkewCounts, reference: "Reference") -> Check:
    """Compare the features recorded at training with those that scoring makes of the same rows."""
    sample = reference.sample
    names = reference.columns.features
    recorded = listed(model_frame(sample, reference.columns.numeric, reference.columns.categorical))
    made = listed(feature_rows(sample.select(list(reference.columns.read)), reference.columns, frozenset()).frame)
    lost = len(recorded) - len(made)
    differing = {} if lost else _differing(names, made, recorded)
    places = sorted(counts.found)
    from_source = _differing(names, [counts.found[place] for place in places], [recorded[place] for place in places])
    words, verdict = [], Verdict.PASSED
    if lost:
        words.append(f"{lost} of {len(recorded)} rows of snapshot {reference.version} cannot be scored any more")
        verdict = Verdict.FAILED
    elif differing:
        words.append(f"made again from snapshot {reference.version}: {_tell(differing, len(recorded))}")
        verdict = Verdict.FAILED
    else:
        words.append(f"the features of {len(recorded)} rows of snapshot {reference.version} are made the same")
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
        n=len(recorded), value=max([lost, *differing.values(), *from_source.values()]), limit=0,
        details={"recomputed": differing, "in_source": len(places), "from_source": from_source},
    )  # fmt: skip


def _share_unseen(counts: SkewCounts, reference: "Reference", limit: float, private: frozenset[str]) -> Check:
    shares = {name: counts.unseen.get(name, 0) / counts.rows for name in reference.columns.categorical}
    above = {name: share for name, share in shares.items() if share > limit}
    told = "; ".join(
        f"{name!r}: {counts.unseen[name]:,} of {counts.rows:,} texts ({share:.1%})" for name, share in above.items()
    )
    return Check(
        code="SL-B007", name="categories_seen_in_training", severity=Severity.WARNING,
        verdict=Verdict.FAILED if above else Verdict.PASSED, n=counts.rows,
        value=max(shares.values(), default=0.0), limit=limit,
        message=f"training never saw these texts, limit {limit:.1%}: {told}" if above
        else f"at most {max(shares.values(), default=0.0):.1%} of a feature's texts are new, limit {limit:.1%}",
        details={
            "shares": shares,
            "examples": {name: counts.examples[name] for name in above if name not in private},
        },
    )  # fmt: skip


def _share_null(counts: SkewCounts, reference: "Reference", limit: float) -> Check:
    trained = reference.null_shares
    shares = {name: counts.nulls.get(name, 0) / counts.rows for name in reference.columns.features}
    moved = {name: share for name, share in shares.items() if abs(share - trained[name]) > limit}
    told = "; ".join(f"{name!r}: {share:.1%}, in training {trained[name]:.1%}" for name, share in moved.items())
    most = max((abs(share - trained[name]) for name, share in shares.items()), default=0.0)
    return Check(
        code="SL-B008", name="nulls_as_in_training", severity=Severity.WARNING,
        verdict=Verdict.FAILED if moved else Verdict.PASSED, n=counts.rows, value=most, limit=limit,
        message=f"shares of nulls moved by more than {limit:.1%}: {told}" if moved
        else f"no share of nulls moved by more than {most:.1%}, limit {limit:.1%}",
        details={"shares": shares},
    )  # fmt: skip


def _graver(one: Verdict, other: Verdict) -> Verdict:
    return one if one is Verdict.FAILED else other


def _differing(names: Sequence[str], made: Sequence[Features], recorded: Sequence[Features]) -> dict[str, int]:
    """Return in how many rows each feature is another; nulls are equal to each other."""
    counts = dict.fromkeys(names, 0)
    for row, other in zip(made, recorded, strict=True):
        for name, one, another in zip(names, row, other, strict=True):
            counts[name] += not _same(one, another)
    return {name: count for name, count in counts.items() if count}


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN


def _tell(differing: dict[str, int], rows: int) -> str:
    listed = [f"{name!r} differs in {count} of {rows} rows" for name, count in differing.items()]
    return ", ".join(listed[:_SHOWN]) + (", …" if len(listed) > _SHOWN else "")
