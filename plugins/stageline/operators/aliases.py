"""MLflow's aliases follow the ledger's head."""

from typing import TYPE_CHECKING

from stageline.exceptions import TrackingError

if TYPE_CHECKING:
    from stageline.ledger import Head
    from stageline.settings import Settings
    from stageline.tracking import Tracking


def tracking_of(settings: "Settings") -> "Tracking":
    """Return the MLflow store that the settings name."""
    from stageline.tracking import Tracking

    return Tracking(settings.tracking_uri, ui=settings.tracking_ui)


def converge(tracking: "Tracking", head: "Head") -> None:
    """Point the alias `champion` to the head's champion.

    :raises TrackingError: MLflow cannot be reached, does not know the version, or others keep moving the alias.
    """
    from stageline.tracking.registry import CHAMPION, point_alias

    if head.champion is None:
        return
    with tracking.reach() as client:
        if not point_alias(client, head.pipeline, CHAMPION, head.champion.version):
            raise TrackingError(
                f"the alias {CHAMPION!r} of {head.pipeline!r} is moved by somebody else; let only Stageline move it"
            )


def alias_fault(tracking: "Tracking", head: "Head") -> str:
    """Return how the alias differs from the head, or an empty text; no alias follows a drill's head.

    :raises TrackingError: MLflow cannot be reached.
    """
    from stageline.ledger.head import DRILL
    from stageline.tracking.registry import CHAMPION, alias_version, has_version

    if head.champion is None or head.pipeline.endswith(DRILL):
        return ""
    with tracking.reach() as client:
        found = alias_version(client, head.pipeline, CHAMPION)
        if found == head.champion.version:
            return ""
        registered = has_version(client, head.pipeline, head.champion.version)
    if not registered:
        return (
            f"version {head.champion.version} of {head.pipeline!r}, the champion, was deleted in MLflow; the file kept "
            f"by digest still scores, and the ledger still knows it: release a new model, no alias can name this one"
        )
    shown = f"version {found}" if found else "no version"
    return (
        f"MLflow's alias {CHAMPION!r} of {head.pipeline!r} points to {shown}, the head to version "
        f"{head.champion.version}; any release or rollback mends it"
    )
