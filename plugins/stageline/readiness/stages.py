"""What a stage asks for, and whether it is earned."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from stageline.readiness.evidence import Section
from stageline.readiness.requirements import Met
from stageline.readiness.score import Score
from stageline.readiness.todo import Todo
from stageline.spec import PipelineSpec, Stage


class Enforcement(StrEnum):
    """What a stage that is not earned does to releases."""

    TELL = "tell"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True)
class StageJudgement:
    """Whether a pipeline earns a stage.

    :param least: Score that the stage asks for.
    :param requirements: All that the stage asks for beside it.
    :param earned: By evidence that holds now.
    :param grace_until: Until when the stage counts as earned although evidence expired; none: it does not.
    :param todo: What is to be done for it; of a stage that is earned, nothing.
    """

    stage: Stage
    least: float
    score: Score
    requirements: tuple[Met, ...]
    earned: bool
    grace_until: datetime | None = None
    todo: tuple[Todo, ...] = ()

    @property
    def lacking(self) -> tuple[Section, ...]:
        """Sections that have too few points."""
        return tuple(section for section, points in self.score.sections.items() if points < self.least)

    @property
    def unmet(self) -> tuple[Met, ...]:
        """Requirements that are not met."""
        return tuple(each for each in self.requirements if not each.met)

    @property
    def sentence(self) -> str:
        """What is the case, naming what is missing."""
        if self.earned:
            needs = f" (asked for: {self.least:g})" if self.least else ""
            return f"stage {self.stage.value!r} is earned: the score is {self.score.words}{needs}"
        parts = [f"the score is {self.score.words}, asked for is {self.least:g}"] if self.lacking else []
        parts += [f"{each.requirement.code} {each.requirement.title.lower()}: {each.message}" for each in self.unmet]
        lost = ", ".join(f"{each.code} {each.title}" for each in self.todo if each.lost)
        parts += [f"expired or failed: {lost}"] if lost else []
        needed = ", ".join(f"{each.code} {each.title}" for each in self.todo if each.needed and each.gain)
        parts += [f"the least effort: {needed}"] if needed else []
        return f"stage {self.stage.value!r} is not earned: {'; '.join(parts)}"


def threshold_of(spec: PipelineSpec, stage: Stage) -> float:
    """Return the least score of a stage."""
    wanted = spec.readiness
    if stage is Stage.POC:
        return 0.0
    if stage is Stage.PILOT:
        return wanted.min_pilot
    return max(wanted.min_production, wanted.min_mission_critical if wanted.mission_critical else 0.0)
