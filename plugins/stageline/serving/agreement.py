"""Whether what is scored with is what the ledger's head says: the champion's kept file, and the newest predictions."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.serving.model_files import ModelFiles

if TYPE_CHECKING:
    from stageline.ledger import Head

DIGEST, PARTITION = "stageline.model_digest", "stageline.partition"


@dataclass(frozen=True)
class Agreement:
    """What was found.

    :param faults: What is wrong.
    :param lags: What the next scoring mends by itself.
    """

    faults: tuple[str, ...] = ()
    lags: tuple[str, ...] = ()


def agreement(tables: Path, head: "Head", changed_at: datetime) -> Agreement:
    """Compare the batch target with the head.

    :param tables: Folder of the pipeline's tables.
    :param changed_at: When the head last changed.
    """
    champion = head.champion
    if champion is None:
        return Agreement()
    faults, lags = [], []
    if ModelFiles(tables / "models").find(champion.digest) is None:
        faults.append(
            f"the file of {head.pipeline!r} version {champion.version} ({champion.digest}) is not kept unchanged in "
            f"{str(tables / 'models')!r}: scoring needs MLflow to fetch it again"
        )
    newest = _newest_commit(tables / "predictions")
    if newest is not None and newest[DIGEST] != champion.digest:
        words = f"the newest predictions of {head.pipeline!r} (partition {newest[PARTITION]!r}) are "
        if _moment(newest) > changed_at:
            faults.append(
                f"{words}not of version {champion.version}, which was in use when they were written: score again"
            )
        else:
            lags.append(f"{words}older than version {champion.version} in use: they are of the one before")
    return Agreement(tuple(faults), tuple(lags))


def _newest_commit(folder: Path) -> dict[str, Any] | None:
    """Return what the newest scoring left in Delta's log, or none."""
    from deltalake import DeltaTable

    if not DeltaTable.is_deltatable(str(folder)):
        return None
    return next((commit for commit in DeltaTable(str(folder)).history() if DIGEST in commit), None)


def _moment(commit: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(commit["timestamp"] / 1_000, UTC)
