"""Serving: a released model scores a table, in batches, into one partition of the predictions."""

from stageline.serving.answers import Oracle
from stageline.serving.batch import Engine, Scored, in_this_process, score_partition
from stageline.serving.canary_rows import CanaryScoring
from stageline.serving.features import Columns
from stageline.serving.kept_model import KeptModel
from stageline.serving.model_files import ModelFiles, local_file
from stageline.serving.predictions import PredictionsTable, Published
from stageline.serving.reference import Reference, reference_of
from stageline.serving.rows import RowSource, open_rows
from stageline.serving.scored_rows import ScoredRows
from stageline.serving.scoring import Scoring
from stageline.serving.share import Share
from stageline.serving.skew import SkewLimits
from stageline.serving.spark_engine import SparkEngine
from stageline.serving.staged_files import Staging
from stageline.serving.tally import Tally

__all__ = [
    "CanaryScoring",
    "Columns",
    "Engine",
    "KeptModel",
    "ModelFiles",
    "Oracle",
    "PredictionsTable",
    "Published",
    "Reference",
    "RowSource",
    "Scored",
    "ScoredRows",
    "Scoring",
    "Share",
    "SkewLimits",
    "SparkEngine",
    "Staging",
    "Tally",
    "in_this_process",
    "local_file",
    "open_rows",
    "reference_of",
    "score_partition",
]
