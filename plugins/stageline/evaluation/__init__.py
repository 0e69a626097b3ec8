"""How good a model is on rows it never saw, with intervals, beside its baselines."""

from stageline.evaluation.bootstrap import Blocks, Estimate, blocks_of
from stageline.evaluation.evaluate import Evaluation, Improvement, MetricEstimates, evaluate_models
from stageline.evaluation.importance import permutation_importance
from stageline.evaluation.judge import judge_evaluation, value_sentence
from stageline.evaluation.predictions import Predictions, predict

__all__ = [
    "Blocks",
    "Estimate",
    "Evaluation",
    "Improvement",
    "MetricEstimates",
    "Predictions",
    "blocks_of",
    "evaluate_models",
    "judge_evaluation",
    "permutation_importance",
    "predict",
    "value_sentence",
]
