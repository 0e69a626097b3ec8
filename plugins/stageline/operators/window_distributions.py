"""A window's distributions, kept beside the tables: the ledger holds their digest, the page draws them."""

import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stageline.monitoring.counts import Counts
    from stageline.monitoring.distributions import Distributions
    from stageline.monitoring.drift import Finding
    from stageline.monitoring.kept_texts import KeptTexts
    from stageline.monitoring.profile import Profile
    from stageline.operators.run_context import RunContext

_log = logging.getLogger(__name__)


def keep_distributions(
    run: "RunContext", profile: "Profile", counts: "Counts", findings: "Sequence[Finding]"
) -> str | None:
    """Keep what a window's rows were compared by; returns its digest, or none where there is no place for it.

    Nothing is judged by it: an alarm never waits for a picture.
    """
    from stageline.monitoring.distributions import distributions
    from stageline.operators.watched_privacy import private_columns

    try:
        found = distributions(profile, counts, findings, private_columns(run))
        return _place(run).keep(found.model_dump_json(exclude_defaults=True))
    except ArtifactError as error:
        _log.warning("the page will show no distributions: %s", error)
        return None


def read_distributions(run: "RunContext", digest: str) -> "Distributions":
    """Return what was kept.

    :raises ArtifactError: It is gone, or is not what was kept.
    """
    from stageline.monitoring.distributions import Distributions

    try:
        return Distributions.model_validate_json(_place(run).read(digest))
    except ValidationError as error:
        raise ArtifactError(f"the distributions {digest} cannot be read by this version") from error


def _place(run: "RunContext") -> "KeptTexts":
    from stageline.monitoring.kept_texts import KeptTexts

    return KeptTexts(run.settings.tables / run.name / "distributions", "set of distributions")
