"""Data 2: each feature that shuffling shows no need for is left out in another fit."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stageline.operators.earning.finding import Finding, NotRunError, held
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.evaluation import Comparison
    from stageline.operators.run_context import RunContext
    from stageline.training import TrainingRows

_MOST_FITS = 40


def run(run: "RunContext") -> Finding:
    """Fit once without each doubtful feature, and compare on the holdout; calendar parts stand for each other.

    Without the only feature, the constant is what is left.

    :raises NotRunError: More features are in doubt than are fitted without.
    """
    from stageline.evaluation import permutation_importance
    from stageline.evaluation.evaluate import positive_class
    from stageline.training import fit_baselines

    trained = Trained.newest(run)
    table = trained.part("holdout")
    rows, training = trained.rows_of(table), trained.rows("train")
    model = trained.fit(training)
    said = trained.ask(model, rows.features)
    positive = positive_class(run.spec, said.classes)
    shuffled = permutation_importance(model, rows.features, rows.target, run.spec, positive=positive)
    names = list(rows.features.columns)
    # Worse each time: of a feature that says nothing, some shuffles happen to be worse, too.
    of_use = {name for name, lost in shuffled.items() if lost.low is not None and lost.low > 0}
    parts_of_time = _calendar(run, names)
    if of_use & parts_of_time:
        of_use |= parts_of_time
    doubtful = [name for name in names if name not in of_use]
    if len(doubtful) > _MOST_FITS:
        raise NotRunError(
            f"shuffling shows no worth of {len(doubtful)} of {len(names)} features, at most {_MOST_FITS} are fitted "
            f"without: list some in features.exclude first, e.g. {', '.join(map(repr, doubtful[:5]))}"
        )
    parts: list[tuple[str, Verdict, str]] = []
    worth: dict[str, Any] = {name: {"shuffled": shuffled[name].value} for name in of_use if name in shuffled}
    for name in doubtful:
        if len(names) == 1:
            other = trained.ask(fit_baselines(training, run.spec)["dummy"], rows.features)
        else:
            other = trained.ask(trained.fit(_without(training, name)), rows.features.drop(columns=name))
        compared = trained.contest(table, rows.target, said, other).compare()
        worth[name] = {"left_out": compared.improvement.value}
        low = compared.improvement.low
        good = low is not None and low > 0
        if good:
            of_use.add(name)
        parts.append((name, held(good), _tell(name, compared, run.spec.kpi.metric)))
    idle = [name for name in doubtful if name not in of_use]
    kept = sorted(of_use)
    if not parts:
        parts.append(("features", Verdict.PASSED, f"each of {len(kept)} features is missed when it is shuffled"))
    sentence = (
        f"{len(idle)} of {len(names)} features are not shown to be of use: {', '.join(map(repr, idle))}; list them in "
        "features.exclude, one after the other where they say the same"
        if idle
        else f"each of {len(names)} features is of use: the KPI gets worse when it is shuffled or left out"
    )
    return Finding(sentence, parts, {"of_use": kept, "of_no_use": idle, "worth_of": worth}, n=len(rows.target))


def _calendar(run: "RunContext", names: list[str]) -> set[str]:
    """Return the features that `features.calendar` made: a column that only bears such a name is one by itself."""
    from stageline.features import PARTS

    made = run.spec.features.calendar and run.spec.source.event_time is not None
    return set(PARTS).intersection(names) if made else set()


def _without(rows: "TrainingRows", name: str) -> "TrainingRows":
    return replace(
        rows,
        features=rows.features.drop(columns=name),
        numeric=tuple(each for each in rows.numeric if each != name),
        categorical=tuple(each for each in rows.categorical if each != name),
    )


def _tell(name: str, compared: "Comparison", metric: str) -> str:
    change = compared.improvement
    if change.low is None or change.high is None:
        return f"without {name!r} the {metric} cannot be compared"
    words = "is worse" if change.low > 0 else "is not shown to be worse"
    return f"without {name!r} the {metric} {words}: by {change.value:.4g} ({change.low:.4g} to {change.high:.4g})"
