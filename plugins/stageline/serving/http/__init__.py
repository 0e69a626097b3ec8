"""Serving over HTTP: MLflow's scoring protocol, champion, canary and shadow in one process, each answer logged."""

from stageline.serving.http.options import Limits, Options, Places
from stageline.serving.http.target import HttpTarget

__all__ = ["HttpTarget", "Limits", "Options", "Places"]
