"""Parts of the holdout to compare on: values of declared columns, and those a tree finds where the candidate loses."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_MOST_VALUES = 20
_QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_DEPTH = 3
_LEAST_LEAF = 30
_LEAVES_IN_ALL = 50
_FOUND = 3


@dataclass(frozen=True)
class Slice:
    """Some of the rows, by what they have in common.

    :param words: E.g. `season = 4`.
    :param rows: Shape (n,), true for the slice's rows.
    """

    words: str
    rows: "np.ndarray"


def slices_by(column: str, values: "Sequence[Any]") -> list[Slice]:
    """Return a slice for each value of a column; numbers of more than 20 values are cut into quarters.

    The most frequent values come first; of texts with more than 20, the rest is one slice.

    :param values: Shape (n,).
    """
    import numpy as np
    import pandas as pd

    given = pd.Series(values)
    known = given.dropna()
    if known.nunique() > _MOST_VALUES and pd.api.types.is_numeric_dtype(known):
        edges = np.unique(np.quantile(known.to_numpy(dtype=float), _QUARTERS))
        numbers = given.to_numpy(dtype=float)
        return [
            Slice(f"{column} {low:.4g} to {high:.4g}", (numbers >= low) & (numbers <= high if last else numbers < high))
            for low, high, last in _pairs(edges)
        ] + _without(column, given)
    counted = known.value_counts()
    kept = list(counted.index[:_MOST_VALUES])
    found = [Slice(f"{column} = {_shown(value)}", (given == value).to_numpy(dtype=bool)) for value in kept]
    rest = (~given.isin(kept) & given.notna()).to_numpy(dtype=bool)
    return [*found, *([Slice(f"{column}: {len(counted) - len(kept)} rarer values", rest)] if rest.any() else []),
            *_without(column, given)]  # fmt: skip


def find_slices(features: "pd.DataFrame", harm: "np.ndarray", asked: "np.ndarray", *, seed: int) -> list[Slice]:
    """Return the slices in which a candidate loses most: at most three over all rows, the worst first.

    A regression tree of depth 3 (Breiman et al. 1984) is fitted to the loss on some of the rows. Only the
    others say how much is lost there: on its own rows every tree finds something.

    :param features: Shape (n, features).
    :param harm: By how much each row costs more under the candidate than under the champion, shape (n,).
    :param asked: True for the rows that are kept from the tree, shape (n,).
    """
    from sklearn.tree import DecisionTreeRegressor

    least = max(_LEAST_LEAF, len(harm) // (2 * _LEAVES_IN_ALL))
    if (~asked).sum() < 2 * least or not len(features.columns):
        return []
    coded, names = _coded(features, harm, ~asked)
    tree = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=seed)
    tree.fit(coded[~asked], harm[~asked])
    leaves = tree.apply(coded)
    worst = sorted(set(leaves), key=lambda leaf: -tree.tree_.value[leaf].item())
    return [
        Slice(words, leaves == leaf)
        for leaf in worst[:_FOUND]
        if tree.tree_.value[leaf].item() > 0 and (words := _path(tree.tree_, leaf, list(features.columns), names))
    ]


def _pairs(edges: "np.ndarray") -> Iterator[tuple[float, float, bool]]:
    for low, high in itertools.pairwise(edges.tolist()):
        yield low, high, high == edges[-1]


def _without(column: str, given: "pd.Series[Any]") -> list[Slice]:
    missing = given.isna().to_numpy(dtype=bool)
    return [Slice(f"{column} is missing", missing)] if missing.any() else []


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value) if isinstance(value, str) else str(value)


def _coded(
    features: "pd.DataFrame", harm: "np.ndarray", used: "np.ndarray"
) -> tuple["np.ndarray", dict[int, list[Any]]]:
    """Return features as numbers: texts in the order of their mean harm, a missing number below all others."""
    import numpy as np
    import pandas as pd

    columns, names = [], {}
    for place, name in enumerate(features.columns):
        values = features[name]
        if pd.api.types.is_numeric_dtype(values):
            numbers = values.to_numpy(dtype=float)
            lowest = np.nanmin(numbers) if np.isfinite(numbers).any() else 0.0
            columns.append(np.where(np.isfinite(numbers), numbers, lowest - 1))
            continue
        texts = values.fillna("missing").astype(str)
        means = pd.Series(harm[used]).groupby(texts[used].to_numpy()).mean().sort_values()
        names[place] = list(means.index)
        columns.append(texts.map({value: code for code, value in enumerate(means.index)}).fillna(-1).to_numpy(float))
    return np.column_stack(columns), names


def _path(tree: Any, leaf: int, columns: Sequence[str], names: dict[int, list[Any]]) -> str:
    """Return the conditions that lead to a leaf, each feature once."""
    parents = {}
    for node in range(tree.node_count):
        for child, above in ((tree.children_left[node], False), (tree.children_right[node], True)):
            if child >= 0:
                parents[child] = (node, above)
    bounds: dict[int, list[float]] = {}
    while leaf in parents:
        leaf, above = parents[leaf]
        limits = bounds.setdefault(int(tree.feature[leaf]), [float("-inf"), float("inf")])
        threshold = float(tree.threshold[leaf])
        limits[not above] = max(limits[0], threshold) if above else min(limits[1], threshold)
    return " and ".join(
        _bounded(columns[place], low, high, names.get(place)) for place, (low, high) in sorted(bounds.items())
    )


def _bounded(column: str, low: float, high: float, texts: list[Any] | None) -> str:
    if texts is not None:
        within = [text for code, text in enumerate(texts) if low < code <= high]
        shown = ", ".join(map(repr, within[:_FOUND]))
        return f"{column} in ({shown}{', …' if len(within) > _FOUND else ''})"
    if low == float("-inf"):
        return f"{column} <= {high:.4g}"
    return f"{column} > {low:.4g}" if high == float("inf") else f"{column} > {low:.4g} and <= {high:.4g}"
