"""Feature snapshots: what the model sees, split once, so that training and evaluation share the same rows."""

from stageline.features.calendar import PARTS, calendar_parts
from stageline.features.snapshot import SPLIT, FeatureSet, build_features, model_frame, split_rows

__all__ = [
    "PARTS",
    "SPLIT",
    "FeatureSet",
    "build_features",
    "calendar_parts",
    "model_frame",
    "split_rows",
]
