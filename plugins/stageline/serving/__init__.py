"""Serving: a released model scores a table, in batches, into one partition of the predictions."""

from stageline.serving.answers import Oracle
from stageline.serving.batch import Engine, Scored, in_this_process, score_partition
from stageline.serving.features import Columns
from stageline.serving.kept_model import KeptModel
from stageline.serving.model_files import ModelFiles, local_file
from stageline.serving.predictions import PredictionsTable, Published
from stageline.serving.reference import Reference, reference_of
from stageline.serving.rows import RowSource, open_rows
from stageline.serving.scoring import Scoring
from stageline.serving.skew import SkewLimits
from stageline.serving.spark_engine import SparkEngine
from stageline.serving.tally import Tally

__all__ = [
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
    "Scoring",
    "SkewLimits",
    "SparkEngine",
    "Tally",
    "in_this_process",
    "local_file",
    "open_rows",
    "reference_of",
    "score_partition",
]
