"""How good a model is on rows it never saw, with intervals, beside its baselines."""

from stageline.evaluation.against_champion import Comparison, Contest
from stageline.evaluation.bootstrap import Blocks, Estimate, blocks_of
from stageline.evaluation.evaluate import Evaluation, Improvement, MetricEstimates, evaluate_models
from stageline.evaluation.gate import gate_sentence, judge_first, judge_found, judge_improvement, judge_slices
from stageline.evaluation.importance import permutation_importance
from stageline.evaluation.judge import judge_evaluation, value_sentence
from stageline.evaluation.predictions import Predictions, predict
from stageline.evaluation.slices import Slice, find_slices, slices_by

__all__ = [
    "Blocks",
    "Comparison",
    "Contest",
    "Estimate",
    "Evaluation",
    "Improvement",
    "MetricEstimates",
    "Predictions",
    "Slice",
    "blocks_of",
    "evaluate_models",
    "find_slices",
    "gate_sentence",
    "judge_evaluation",
    "judge_first",
    "judge_found",
    "judge_improvement",
    "judge_slices",
    "permutation_importance",
    "predict",
    "slices_by",
    "value_sentence",
]
