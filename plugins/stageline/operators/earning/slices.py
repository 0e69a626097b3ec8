"""Model 6: whether the model is worth something in each slice, not only on average."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stageline.operators.earning.finding import Finding, Part
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.evaluation import Contest, Slice
    from stageline.operators.run_context import RunContext
    from stageline.training import TrainingRows

_LEAST_ROWS = 30
_OTHERWISE = "declare in gates.slices only what can be judged"


def run(run: "RunContext") -> Finding:
    """Compare the stored model with the constant in each slice of `gates.slices`, else in those a tree finds.

    A declared slice that cannot be judged is named: nothing shows that the model is worth something there.
    """
    trained = Trained.newest(run, fits=False)
    table = trained.part("holdout")
    rows = trained.rows_of(table)
    said = {name: trained.ask(model, rows.features) for name, model in trained.stored("model", "dummy").items()}
    contest = trained.contest(table, rows.target, said["model"], said["dummy"])
    declared = run.spec.gates.slices if run.spec.gates else ()
    judged: dict[str, Any] = {}
    if declared:
        found, parts = _declared(trained, declared, len(rows.target))
    else:
        found, parts = _found(contest, rows, seed=run.spec.train.seed), []
    for each in found:
        words, n, gain = each.words, int(each.rows.sum()), math.nan
        if n >= _LEAST_ROWS:
            compared = contest.compare(each.rows).improvement
            gain = compared.value
        if math.isfinite(gain):
            judged[words] = {"n": n, "gain": gain, "low": compared.low, "high": compared.high}
            verdict = Verdict.PASSED if gain > 0 else Verdict.FAILED
            parts.append((words, verdict, f"{words}: {_words(gain)} than the constant (n = {n:,})"))
        elif declared:
            parts.append((words, Verdict.INCONCLUSIVE, _unjudged(words, n, run.spec.kpi.metric)))
    sentence = _sentence(parts, ", ".join(declared) if declared else "what a tree finds")
    if not parts:
        parts.append(("slices", Verdict.INCONCLUSIVE, sentence))
    return Finding(sentence, parts, {"slices": judged, "declared": list(declared)}, n=len(rows.target))


def _declared(trained: Trained, columns: Sequence[str], n: int) -> "tuple[list[Slice], list[Part]]":
    """Return the slices of the holdout, and what cannot be one: a column that is gone.

    A value that only the training rows hold is a slice without rows.

    :param n: Rows of the holdout.
    """
    import numpy as np

    from stageline.evaluation import Slice, slices_by
    from stageline.features import SPLIT

    slices: list[Slice] = []
    gone: list[Part] = []
    everywhere, holdout = trained.snapshot, trained.part("holdout")
    inside = np.asarray(everywhere[SPLIT].to_pylist()) == "holdout"
    for column in columns:
        if column not in everywhere.column_names:
            message = f"gates.slices names {column!r}, which the newest model's rows lack: train again, or take it out"
            gone.append((column, Verdict.INCONCLUSIVE, message))
            continue
        slices += slices_by(column, holdout[column].to_pylist())
        slices += [
            Slice(each.words, np.zeros(n, dtype=bool))
            for each in slices_by(column, everywhere[column].to_pylist())
            if not (each.rows & inside).any()
        ]
    return slices, gone


def _found(contest: "Contest", rows: "TrainingRows", *, seed: int) -> "list[Slice]":
    """Return the slices that a tree finds, of the rows that it did not see."""
    import numpy as np

    from stageline.evaluation import Slice, find_slices

    harm = contest.costs("candidate") - contest.costs("champion")
    asked = contest.blocks.ids % 2 == 1
    found = find_slices(rows.features, harm, asked, seed=seed)
    if not found:
        # Where the model loses nothing to the constant, the tree has nothing to find: all rows are one slice.
        found = [Slice("all rows, as no part loses to the constant", np.ones(len(rows.target), dtype=bool))]
    return [Slice(each.words, each.rows & asked) for each in found]


def _sentence(parts: "Sequence[Part]", where: str) -> str:
    if not parts:
        return f"no slice by {where} has {_LEAST_ROWS} rows on which the KPI is defined"
    for worst in (Verdict.FAILED, Verdict.INCONCLUSIVE):
        if texts := [text for _, verdict, text in parts if verdict is worst]:
            more = f" (and {len(texts) - 1} more of {len(parts)} slices)" if len(texts) > 1 else ""
            return f"{texts[0]}{more}"
    where_better = f"in each of {len(parts)} slices" if len(parts) > 1 else f"in the one slice there is ({parts[0][0]})"
    return f"the model beats the constant {where_better}, by {where}"


def _unjudged(words: str, n: int, metric: str) -> str:
    if n >= _LEAST_ROWS:
        return f"{words}: {metric} is not defined on its {n:,} rows of the holdout; bring more rows, or {_OTHERWISE}"
    return (
        f"{words}: {n:,} rows of the holdout, at least {_LEAST_ROWS} are needed to judge it; bring more rows, raise "
        f"train.holdout, or {_OTHERWISE}"
    )


def _words(gain: float) -> str:
    return f"better by {gain:.4g}" if gain > 0 else f"worse by {-gain:.4g}"
