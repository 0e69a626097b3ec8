"""How well a simple rule on one column predicts rows that the rule was not made from."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

# From (rows to learn from, rows to predict) to predictions; from (predictions, rows to judge) to a score.
Predict = Callable[[Any, Any], Any]
Score = Callable[[Any, Any], float]

FOLDS = 5
_LEAVES = 128
# A rule from few rows decides whether the others are worth their time.
_SCREEN = 0.9
_SCREEN_ROWS = 4_000
# Values that repeat less often are names of rows: a table of them is memory, not a rule.
_ROWS_PER_VALUE = 5


def held_out_r2(numbers: "Floats | None", groups: "Codes | None", target: "Floats") -> float:
    """Return the R² of the better of two rules: a shallow tree, or the mean of each value.

    :param numbers: The column as numbers, shape (n,).
    :param groups: A code from 0 for each of its values, shape (n,).
    """
    import numpy as np
    from sklearn.tree import DecisionTreeRegressor

    def r2(found: "Floats", rows: "NDArray[np.bool_]") -> float:
        spread = float(np.var(target[rows]))
        return 1 - float(np.mean((found - target)[rows] ** 2)) / spread if spread else 0.0

    def tree(learn: "NDArray[np.bool_]", judge: "NDArray[np.bool_]") -> "Floats":
        model = DecisionTreeRegressor(max_leaf_nodes=_LEAVES, random_state=0)
        found: Floats = model.fit(design[learn], target[learn]).predict(design[judge])
        return found

    def means(learn: "NDArray[np.bool_]", judge: "NDArray[np.bool_]") -> "Floats":
        sizes = np.bincount(codes[learn], minlength=codes.max() + 1)
        sums = np.bincount(codes[learn], weights=target[learn], minlength=codes.max() + 1)
        return np.where(sizes > 0, sums / np.maximum(sizes, 1), target[learn].mean())[codes[judge]]

    scores = [0.0]
    if numbers is not None:
        design = numbers[:, None]
        scores.append(_cross_validate(tree, r2, target, screened=True))
    if groups is not None and _repeats(groups):
        codes = groups
        scores.append(_cross_validate(means, r2, target, screened=False))
    return max(scores)


def held_out_accuracy(numbers: "Floats | None", groups: "Codes | None", target: "Codes") -> float:
    """Return the balanced accuracy of the better of two rules: a shallow tree, or each value's main class.

    :param target: Class codes from 0, shape (n,).
    """
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    count = int(target.max()) + 1

    def accuracy(found: "Codes", rows: "NDArray[np.bool_]") -> float:
        right = np.bincount(target[rows & (found == target)], minlength=count)
        sizes = np.bincount(target[rows], minlength=count)
        return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))

    def tree(learn: "NDArray[np.bool_]", judge: "NDArray[np.bool_]") -> "Codes":
        model = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, class_weight="balanced", random_state=0)
        found: Codes = model.fit(design[learn], target[learn]).predict(design[judge])
        return found

    def majority(learn: "NDArray[np.bool_]", judge: "NDArray[np.bool_]") -> "Codes":
        pairs = np.zeros((codes.max() + 1, count))
        np.add.at(pairs, (codes[learn], target[learn]), 1)
        # Per class, as balanced accuracy counts: otherwise rare classes would never win a value.
        best: Codes = np.argmax(pairs / np.maximum(pairs.sum(axis=0), 1), axis=1)
        return best[codes[judge]]

    scores = [0.0]
    if numbers is not None:
        design = numbers[:, None]
        scores.append(_cross_validate(tree, accuracy, target, screened=True))
    if groups is not None and _repeats(groups):
        codes = groups
        scores.append(_cross_validate(majority, accuracy, target, screened=False))
    return max(scores)


def _cross_validate(predict: Predict, score: Score, target: "NDArray[np.generic]", *, screened: bool) -> float:
    """Return the score over all rows, each predicted from the other folds' rows.

    :param screened: Whether to try few rows first: no use for rules that must have seen a value before.
    """
    import numpy as np

    order = np.random.default_rng(0).permutation(len(target))
    folds = order % FOLDS
    found = np.zeros(len(target))
    if screened and len(target) > _SCREEN_ROWS:
        judged, few = folds == 0, (folds != 0) & (order < _SCREEN_ROWS)
        found[judged] = predict(few, judged)
        if (first := score(found, judged)) < _SCREEN:
            return first
    for fold in range(FOLDS):
        judged = folds == fold
        found[judged] = predict(~judged, judged)
    return score(found, np.ones(len(target), dtype=bool))


def _repeats(codes: "Codes") -> bool:
    return bool(len(codes) >= _ROWS_PER_VALUE * (int(codes.max()) + 1))
