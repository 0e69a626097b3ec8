"""Serving: a released model scores a table, in batches, into one partition of the predictions."""

from stageline.serving.answers import Oracle
from stageline.serving.batch import Scored, Scoring, score_partition
from stageline.serving.features import Columns
from stageline.serving.model_files import ModelFiles, local_file
from stageline.serving.predictions import PredictionsTable, Published
from stageline.serving.reference import Reference, reference_of
from stageline.serving.rows import RowSource, open_rows
from stageline.serving.skew import SkewLimits
from stageline.serving.tally import Tally

__all__ = [
    "Columns",
    "ModelFiles",
    "Oracle",
    "PredictionsTable",
    "Published",
    "Reference",
    "RowSource",
    "Scored",
    "Scoring",
    "SkewLimits",
    "Tally",
    "local_file",
    "open_rows",
    "reference_of",
    "score_partition",
]
