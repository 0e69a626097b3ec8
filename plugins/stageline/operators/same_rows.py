"""What two models say of the same rows whose true values are known."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from stageline.exceptions import ArtifactError, DataError, MissingStepError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from stageline.evaluation import Predictions
    from stageline.ledger import ModelVersion
    from stageline.monitoring.labels import LabelledRows
    from stageline.monitoring.windows import Window
    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext

T = TypeVar("T")


class NotComparableError(DataError):
    """The model before cannot be asked, or there is no row that both could be asked about."""


@dataclass(frozen=True)
class SameRows:
    """Rows that neither model was trained on.

    :param truth: True values or classes, shape (n,).
    :param predictions: Of the first model and of the second.
    :param seconds: Event times in seconds since 1970-01-01, shape (n,).
    """

    truth: "np.ndarray"
    predictions: "tuple[Predictions, Predictions]"
    seconds: "np.ndarray"


@dataclass(frozen=True)
class _Asked:
    champion: "Champion"
    joined: "LabelledRows"


def same_labelled_rows(
    run: "RunContext", first: "ModelVersion", second: "ModelVersion", generation: int, window: "Window"
) -> SameRows:
    """Ask two models about the rows of a window, and keep those that both can answer and that have a label.

    :param first: The model before; the second is the champion, which is asked first: what fails of both is no fault
        of the model before.
    :param generation: Of the head that has the second model as its champion.
    :raises NotComparableError: The first cannot be asked, or there is no such row.
    """
    from stageline.monitoring.said import truth_of

    champion = _asked(run, second, generation, window)
    asked = [_of_before(first, lambda: _asked(run, first, generation, window)), champion]
    places = _places_in_common(asked, run.spec.source.keys)
    if not len(places[0]):
        raise NotComparableError(
            f"no row from {window} has a true value and is new to both version {first.version} and version "
            f"{second.version}: they cannot be compared"
        )
    said_second = _said(run, champion, places[1])
    said = [_of_before(first, lambda: _said(run, asked[0], places[0])), said_second]
    joined, place = asked[1].joined, places[1]
    truth, usable = truth_of(joined.truth.take(place), said[1].classes)
    return SameRows(truth[usable], (said[0].only(usable), said[1].only(usable)), joined.seconds[place][usable])


def _of_before(version: "ModelVersion", ask: "Callable[[], T]") -> "T":
    """Return what is asked of the model before.

    :raises NotComparableError: It, or what is kept of it, cannot be read.
    """
    try:
        return ask()
    except (ArtifactError, MissingStepError, DataError) as error:
        raise NotComparableError(f"version {version.version}, the champion before, cannot be asked: {error}") from error


def _said(run: "RunContext", asked: "_Asked", place: "np.ndarray") -> "Predictions":
    from stageline.operators.released_holdout import released_holdout
    from stageline.operators.watched_performance import said_of

    return said_of(run.spec, asked.joined.table.take(place), released_holdout(asked.champion))


def _asked(run: "RunContext", version: "ModelVersion", generation: int, window: "Window") -> "_Asked":
    from stageline.monitoring.labels import join_labels
    from stageline.operators.champion import Champion
    from stageline.operators.performance_history import predictions_anew
    from stageline.operators.watched_labels import WatchedLabels
    from stageline.operators.watched_window import WatchedWindow

    watched = WatchedWindow(run, Champion(run, version, generation), window)
    labels, delay = WatchedLabels(run), run.spec.target.label_delay
    with watched.source.unchanged():
        _, said = predictions_anew(watched, (window,), delay)
    known = join_labels(said, labels.batches() if said else (), labels.columns, window.end + delay)
    return _Asked(watched.champion, known)


def _places_in_common(asked: "Sequence[_Asked]", keys: "Sequence[str]") -> "list[np.ndarray]":
    """Return for each where the rows stand that all know the true value of, in one order."""
    import numpy as np

    places = []
    for each in asked:
        columns = [each.joined.table[key].to_pylist() for key in keys] if each.joined.scored else []
        rows = zip(*columns, strict=True)
        places.append({row: place for place, row in enumerate(rows) if each.joined.known[place]})
    common = [row for row in places[0] if all(row in others for others in places[1:])]
    return [np.array([found[row] for row in common], np.int64) for found in places]
