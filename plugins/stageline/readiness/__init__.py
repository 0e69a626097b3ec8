"""How ready a pipeline is: the 28 tests of the ML Test Score on what its ledger holds, and what a stage asks for."""

from stageline.readiness.catalogue import TESTS, test_of
from stageline.readiness.evidence import ATTESTATION, EARNED, FORECAST, GRADUATION, Evidence, Kind, Section
from stageline.readiness.facts import Fact, Facts, content_digest
from stageline.readiness.judge import Readiness, judge_readiness
from stageline.readiness.reading import read_facts
from stageline.readiness.requirements import APPROVAL, REQUIREMENTS, Requirement
from stageline.readiness.rule import ReadinessTest, Result, State, judge_test
from stageline.readiness.score import Score, band_of
from stageline.readiness.stages import Enforcement, StageJudgement, threshold_of
from stageline.readiness.todo import Todo

__all__ = [
    "APPROVAL",
    "ATTESTATION",
    "EARNED",
    "FORECAST",
    "GRADUATION",
    "REQUIREMENTS",
    "TESTS",
    "Enforcement",
    "Evidence",
    "Fact",
    "Facts",
    "Kind",
    "Readiness",
    "ReadinessTest",
    "Requirement",
    "Result",
    "Score",
    "Section",
    "StageJudgement",
    "State",
    "Todo",
    "band_of",
    "content_digest",
    "judge_readiness",
    "judge_test",
    "read_facts",
    "test_of",
    "threshold_of",
]
