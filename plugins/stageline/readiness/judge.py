"""How ready a pipeline is: all 28 tests, the score, and what each stage would ask for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from stageline.readiness.catalogue import TESTS
from stageline.readiness.facts import Facts
from stageline.readiness.requirements import REQUIREMENTS, Met, judge_requirement
from stageline.readiness.rule import Result, judge_test
from stageline.readiness.score import Score
from stageline.readiness.stages import Enforcement, StageJudgement, threshold_of
from stageline.readiness.todo import todo_for
from stageline.spec import Stage

_NOW, _MOMENT = timedelta(0), timedelta(microseconds=1)


@dataclass(frozen=True)
class Readiness:
    """The tests judged at one moment.

    :param results: One a test, in the paper's order.
    """

    facts: Facts
    now: datetime
    results: tuple[Result, ...]
    score: Score

    @property
    def faults(self) -> tuple[str, ...]:
        """Where the ledger does not hold: then nothing here is to be believed, and no stage is earned."""
        return self.facts.faults

    @property
    def enforcement(self) -> Enforcement:
        """What a stage that is not earned does to releases."""
        return Enforcement(self.facts.spec.readiness.enforce)

    def stage(self, stage: Stage | None = None) -> StageJudgement:
        """Judge a stage.

        :param stage: Default: the one that the spec declares.
        """
        wanted = self.facts.stage if stage is None else stage
        least = threshold_of(self.facts.spec, wanted)
        met = _requirements(self.facts, wanted, self.now, _NOW)
        earned = not self.faults and _earned(self.score, least, met)
        until = None if earned or self.faults else self._grace_ends(wanted, least)
        unmet = tuple(each for each in met if not each.met)
        todo = () if earned else todo_for(self.facts, self.results, self.score, unmet, least)
        return StageJudgement(wanted, least, self.score, met, earned, until, todo)

    def _grace_ends(self, stage: Stage, least: float) -> datetime | None:
        """Return until when the stage counts as earned because of the grace period; none: it does not."""
        grace = self.facts.spec.readiness.grace

        def ends_at(moment: datetime) -> "list[datetime] | None":
            later = tuple(judge_test(each.test, self.facts, moment, grace=grace) for each in self.results)
            met = _requirements(self.facts, stage, moment, grace)
            if not _earned(Score.of(later), least, met):
                return None
            known = [*(each.until for each in later), *(each.until for each in met)]
            return [end + grace for end in known if end is not None]

        ends = ends_at(self.now)
        if ends is None:
            return None
        after = sorted({each for each in ends if each >= self.now})
        return next((each for each in after if ends_at(each + _MOMENT) is None), None)


def judge_readiness(facts: Facts, now: datetime) -> Readiness:
    """Judge all tests by what is known.

    :param now: Evidence is as old as it is at this moment.
    """
    results = tuple(judge_test(test, facts, now) for test in TESTS)
    return Readiness(facts, now, results, Score.of(results))


def _requirements(facts: Facts, stage: Stage, now: datetime, grace: timedelta) -> tuple[Met, ...]:
    return tuple(judge_requirement(each, facts, stage, now, grace) for each in REQUIREMENTS if stage in each.stages)


def _earned(score: Score, least: float, met: tuple[Met, ...]) -> bool:
    return score.value >= least and all(each.met for each in met)
