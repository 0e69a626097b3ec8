"""Which rows a model learns from and which judge it."""

from datetime import timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

TRAIN, EMBARGO, HOLDOUT, UNLABELLED = "train", "embargo", "holdout", "unlabelled"


def split_by_time(
    times: "pa.ChunkedArray", labelled: "np.ndarray", *, holdout: float, label_delay: timedelta
) -> "np.ndarray":
    """Put the latest share of labelled rows into the holdout; rows of one moment stay together.

    A row whose label was not yet known when the holdout begins is under embargo: training must not see it.

    :param times: Timestamps in microseconds, shape (n,).
    :param labelled: Whether the target is known, shape (n,), bool.
    :returns: One of `train`, `embargo`, `holdout`, `unlabelled` per row, shape (n,).
    :raises DataError: No row is labelled.
    """
    import numpy as np

    if not labelled.any():
        raise DataError("the rows cannot be split into training and holdout: the target is null in every row")
    moments = np.asarray(times.cast("int64"))
    known = np.sort(moments[labelled])
    begin = known[min(round(len(known) * (1 - holdout)), len(known) - 1)]
    delay = int(label_delay.total_seconds() * 1_000_000)
    parts = np.where(moments >= begin, HOLDOUT, np.where(moments + delay > begin, EMBARGO, TRAIN))
    return np.where(labelled, parts, UNLABELLED)


def split_at_random(
    target: "pa.ChunkedArray", labelled: "np.ndarray", *, holdout: float, seed: int, stratify: bool
) -> "np.ndarray":
    """Put a seeded random share of labelled rows into the holdout, class by class where asked.

    :param target: The target's values, shape (n,).
    :returns: One of `train`, `holdout`, `unlabelled` per row, shape (n,).
    :raises DataError: Too few rows, or a class has too few.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    rows = np.flatnonzero(labelled)
    classes = np.asarray(target.to_pylist(), dtype=object)[rows].astype(str) if stratify else None
    try:
        _, held_out = train_test_split(rows, test_size=holdout, random_state=seed, stratify=classes)
    except ValueError as error:
        raise DataError(f"the rows cannot be split into training and holdout: {error}") from error
    parts = np.where(labelled, TRAIN, UNLABELLED).astype(object)
    parts[held_out] = HOLDOUT
    return parts


def require_both_parts(parts: "np.ndarray", *, least: int) -> None:
    """Refuse a split that leaves training or the holdout with fewer than `least` rows.

    :raises DataError: With the counts.
    """
    counts = {part: int((parts == part).sum()) for part in (TRAIN, EMBARGO, HOLDOUT)}
    for part in (TRAIN, HOLDOUT):
        if counts[part] < least:
            under_embargo = f", {counts[EMBARGO]:,} under embargo" if counts[EMBARGO] else ""
            raise DataError(
                f"the split leaves {counts[TRAIN]:,} row(s) for training and {counts[HOLDOUT]:,} for the holdout"
                f"{under_embargo}; each needs at least {least}: change train.holdout or bring more rows"
            )
