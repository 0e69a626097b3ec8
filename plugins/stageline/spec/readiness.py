"""What a spec says about earning its stage: thresholds, and whether a stage that is not earned blocks releases."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from stageline.spec.values import Section, SomeTime

# Of data and infrastructure one test each can give no more than a half.
Points = Annotated[float, Field(ge=0, le=6.5)]


class Readiness(Section):
    """What a pipeline has to show to be in its stage, by the ML Test Score.

    :param enforce: What a stage that is not earned does to releases: it blocks them, warns in them, or is only told.
    :param grace: For how long after evidence expired a stage is still taken as earned, with a warning.
    :param min_pilot: Least score of a pilot.
    :param min_production: Least score in production.
    :param mission_critical: Whether production has to reach `min_mission_critical`.
    :param min_mission_critical: Least score in production of what is critical.
    :param max_feature_ms: Most milliseconds that 1,000 rows of one feature may take to be read and prepared.
    """

    enforce: Literal["block", "warn", "tell"] = "block"
    grace: SomeTime = timedelta(days=7)
    min_pilot: Points = 1.0
    min_production: Points = 2.0
    mission_critical: bool = False
    min_mission_critical: Points = 3.0
    max_feature_ms: Annotated[float, Field(gt=0)] = 100.0
