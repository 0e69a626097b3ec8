"""Model 3: whether the estimator's numbers, halved or doubled, would do better."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError, SpecError
from stageline.operators.earning.finding import Finding, held
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext

_MOST_NUMBERS = 8
_INNER = 0.75
_FACTORS = (0.5, 2.0)
# Numbers that change no model, or only how long its fit takes.
_NOT_TUNED = {
    "random_state",
    "n_jobs",
    "verbose",
    "tol",
    "n_iter_no_change",
    "validation_fraction",
    "cache_size",
    "max_bins",
}


def run(run: "RunContext") -> Finding:
    """Try each number halved and doubled on an inner split; what is better there is asked again on the holdout.

    Both times it has to be better beyond doubt: of many tries, some look better by chance. Where the KPI is not
    defined, nothing was tried.
    """
    trained = Trained.newest(run)
    before, after = _inner(trained)
    base = trained.fit(trained.rows_of(before))
    rows = trained.rows_of(after)
    ours = trained.ask(base, rows.features)
    tried: dict[str, float | None] = {}
    refused = 0
    better: list[tuple[dict[str, Any], float]] = []
    for change in _variations(trained):
        name = ", ".join(f"{key}: {value:g}" for key, value in change.items())
        try:
            other = trained.ask(trained.fit(trained.rows_of(before), **change), rows.features)
        except (DataError, SpecError):
            tried[name] = None  # no value that this estimator takes
            refused += 1
            continue
        contest = trained.contest(after, rows.target, other, ours)
        by_itself = trained.gain(contest)
        tried[name] = by_itself if math.isfinite(by_itself) else None
        # An interval takes as long as a fit: only what looks better is worth one.
        if by_itself > 0 and (low := contest.compare().improvement.low) is not None and low > 0:
            better.append((change, by_itself))
    found = [
        (change, gain)
        for change, _ in sorted(better, key=lambda each: -each[1])
        if (gain := _on_holdout(trained, change))
    ]
    count = sum(gain is not None for gain in tried.values())
    told = {"tried": tried, "better": [change for change, _ in found]}
    if not count:
        sentence = _untried(trained, tried=len(tried), refused=refused, n=len(rows.target))
        return Finding(sentence, [("tuned", Verdict.INCONCLUSIVE, sentence)], told, n=len(rows.target))
    if found:
        best, by = found[0]
        text = ", ".join(f"{key}: {value:g}" for key, value in best.items())
        sentence = f"train.params {{{text}}} is better, on the holdout by {by:.4g} in {run.spec.kpi.metric}: use it"
    else:
        sentence = f"none of {count} variations of the estimator's numbers is better beyond doubt"
    return Finding(sentence, [("tuned", held(not found), sentence)], told, n=len(rows.target))


def _untried(trained: Trained, *, tried: int, refused: int, n: int) -> str:
    """Return why no variation could be judged, and what to do."""
    estimator, metric = trained.spec.train.estimator, trained.spec.kpi.metric
    if not tried:
        return f"{estimator} has no number to tune: nothing was tried; attest how it was chosen"
    if refused == tried:
        return (
            f"{estimator} takes none of {tried} variations of its numbers: nothing was tried; attest how it was tuned"
        )
    return (
        f"{metric} is not defined on the {n:,} training rows on which {tried} variations were to be compared (of one "
        "class only?): nothing was tried; bring more rows, or choose another kpi.metric"
    )


def _on_holdout(trained: Trained, change: dict[str, Any]) -> float | None:
    """Return by how much a variation is better on the holdout beyond doubt; none where it is not."""
    table, training = trained.part("holdout"), trained.rows("train")
    rows = trained.rows_of(table)
    other = trained.ask(trained.fit(training, **change), rows.features)
    ours = trained.ask(trained.fit(training), rows.features)
    gain = trained.contest(table, rows.target, other, ours).compare().improvement
    return gain.value if gain.low is not None and gain.low > 0 else None


def _inner(trained: Trained) -> "tuple[pa.Table, pa.Table]":
    """Return the training rows in two parts: by time where there is one, as the snapshot is in its order."""
    import numpy as np

    table = trained.part("train")
    if trained.spec.source.event_time is None:
        table = table.take(np.random.default_rng(trained.spec.train.seed).permutation(table.num_rows))
    cut = int(table.num_rows * _INNER)
    return table.slice(0, cut), table.slice(cut)


def _variations(trained: Trained) -> Iterator[dict[str, Any]]:
    """Yield one changed number at a time: those that the spec names first."""
    from stageline.training import build_estimator

    features = trained.features
    pipeline = build_estimator(trained.spec.train, features["numeric"], features["categorical"])
    own = pipeline.named_steps["model"].get_params(deep=False)
    named = [*trained.spec.train.params, *own]
    numbers = {
        name: own[name] for name in dict.fromkeys(named)
        if name in own and name not in _NOT_TUNED and type(own[name]) in (int, float) and own[name] > 0
    }  # fmt: skip
    for name in list(numbers)[:_MOST_NUMBERS]:
        for factor in _FACTORS:
            value = numbers[name] * factor
            value = max(1, round(value)) if isinstance(numbers[name], int) else value
            if value != numbers[name]:
                yield {name: value}
