"""Data 7: the code that makes features, tested on the pipeline's own rows."""

from typing import TYPE_CHECKING

from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.raw_rows import raw_rows
from stageline.operators.earning.trained import Trained

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext

_ALONE = 25


def run(run: "RunContext") -> Finding:
    """Make the features again: twice, in another order of the rows, and for single rows as serving does."""
    import numpy as np

    from stageline.features import build_features

    trained = Trained.newest(run, fits=False)
    raw, spec = raw_rows(trained), run.spec
    again = build_features(raw, spec).table
    order = np.random.default_rng(spec.train.seed).permutation(raw.num_rows)
    shuffled = build_features(raw.take(order), spec).table
    same, ordered = _equal(again, trained.snapshot), _equal(shuffled, again)
    alone, asked = _alone(trained)
    rows = raw.num_rows
    parts = [
        (
            "made_again",
            held(same),
            f"made again from {rows:,} rows, the features are {_words(same)} those of the snapshot",
        ),
        ("any_order", held(ordered), f"with the rows in another order, they are {_words(ordered)} the same"),
        ("alone", held(not alone), f"{asked - alone} of {asked} rows have the same features alone as among the others"),
    ]
    good = same and ordered and not alone
    sentence = (
        f"features of {rows:,} rows are the same twice, in any order, and for each of {asked} rows alone"
        if good
        else next(text for _, verdict, text in parts if not verdict.advances)
    )
    return Finding(sentence, parts, n=rows)


def _equal(one: "pa.Table", other: "pa.Table") -> bool:
    from stageline.tables.digest import digest_table

    return digest_table(one) == digest_table(other.select(one.column_names))


def _alone(trained: Trained) -> tuple[int, int]:
    """Return how many of some rows have other features alone than among the others, and how many were asked."""
    from stageline.serving.features import feature_rows
    from stageline.serving.reference import reference_of

    features = trained.features
    reference = reference_of(
        trained.snapshot, trained.spec, version=features["snapshot"]["version"],
        numeric=tuple(features["numeric"]), categorical=tuple(features["categorical"]),
    )  # fmt: skip
    sample = reference.sample.select(list(reference.columns.read)).slice(0, _ALONE)
    frame = feature_rows(sample, reference.columns, frozenset()).frame
    if len(frame) != sample.num_rows:
        return sample.num_rows - len(frame), sample.num_rows
    other = 0
    for place in range(sample.num_rows):
        single = feature_rows(sample.slice(place, 1), reference.columns, frozenset()).frame
        other += not single.equals(frame.iloc[[place]].reset_index(drop=True))
    return other, sample.num_rows


def _words(good: bool) -> str:
    return "exactly" if good else "not"
