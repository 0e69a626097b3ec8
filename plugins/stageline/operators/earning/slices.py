"""Model 6: whether the model is worth something in each slice, not only on average."""

from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.operators.earning.finding import Finding
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.evaluation import Contest, Slice
    from stageline.operators.run_context import RunContext
    from stageline.training import TrainingRows

_LEAST_ROWS = 30


def run(run: "RunContext") -> Finding:
    """Compare the stored model with the constant in each slice of `gates.slices`, else in those a tree finds.

    :raises DataError: A slice's column is not in the snapshot.
    """
    import numpy as np

    trained = Trained.newest(run)
    table = trained.part("holdout")
    rows = trained.rows_of(table)
    said = {name: trained.ask(model, rows.features) for name, model in trained.stored("model", "dummy").items()}
    contest = trained.contest(table, rows.target, said["model"], said["dummy"])
    declared = run.spec.gates.slices if run.spec.gates else ()
    found, asked = _slices(contest, rows, table, declared, seed=run.spec.train.seed)
    parts: list[tuple[str, Verdict, str]] = []
    judged: dict[str, Any] = {}
    for each in found:
        inside = each.rows & asked
        n = int(inside.sum())
        if n < _LEAST_ROWS:
            continue
        gain = contest.compare(inside).improvement
        if not np.isfinite(gain.value):
            continue
        judged[each.words] = {"n": n, "gain": gain.value, "low": gain.low, "high": gain.high}
        verdict = Verdict.PASSED if gain.value > 0 else Verdict.FAILED
        parts.append((each.words, verdict, f"{each.words}: {_words(gain.value)} than the constant (n = {n:,})"))
    where = ", ".join(declared) if declared else "what a tree finds"
    if not parts:
        sentence = f"no slice by {where} has {_LEAST_ROWS} rows on which the KPI is defined"
        return Finding(sentence, [("slices", Verdict.INCONCLUSIVE, sentence)], n=len(rows.target))
    worst = [text for _, verdict, text in parts if verdict is Verdict.FAILED]
    where_better = f"in each of {len(parts)} slices" if len(parts) > 1 else f"in the one slice there is ({parts[0][0]})"
    sentence = worst[0] if worst else f"the model beats the constant {where_better}, by {where}"
    return Finding(sentence, parts, {"slices": judged, "declared": list(declared)}, n=len(rows.target))


def _slices(
    contest: "Contest", rows: "TrainingRows", table: Any, declared: tuple[str, ...], *, seed: int
) -> "tuple[list[Slice], Any]":
    """Return the slices, and which rows may judge them: of a tree's, those that it did not see."""
    import numpy as np

    from stageline.evaluation import find_slices, slices_by

    everything = np.ones(len(rows.target), dtype=bool)
    if not declared:
        harm = contest.costs("candidate") - contest.costs("champion")
        asked = contest.blocks.ids % 2 == 1
        # Where the model loses nothing to the constant, the tree has nothing to find: all rows are one slice.
        return find_slices(rows.features, harm, asked, seed=seed) or [_all(everything)], asked
    found: list[Slice] = []
    for column in declared:
        if column not in table.column_names:
            raise DataError(f"gates.slices names {column!r}, which the snapshot lacks")
        found += slices_by(column, table[column].to_pylist())
    return found, everything


def _all(rows: Any) -> "Slice":
    from stageline.evaluation import Slice

    return Slice("all rows, as no part loses to the constant", rows)


def _words(gain: float) -> str:
    return f"better by {gain:.4g}" if gain > 0 else f"worse by {-gain:.4g}"
