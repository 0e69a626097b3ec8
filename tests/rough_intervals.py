"""Intervals from fewer draws: what is done with them is the same, and they are most of what a judgement costs."""

import pytest

from stageline.evaluation import bootstrap, evaluate, importance


def roughen(patch: pytest.MonkeyPatch, resamples: int = 100, beside_the_kpi: int = 20, shuffles: int = 2) -> None:
    """Draw so many resamples for the KPI, however many rows there are, and so many for the metrics beside it.

    :param shuffles: Of each feature, for its importance.
    """
    patch.setattr(importance, "_REPEATS", shuffles)
    patch.setattr(bootstrap, "_RESAMPLES", resamples)
    patch.setattr(bootstrap, "_LEAST_RESAMPLES", resamples)
    patch.setattr(evaluate, "_RESAMPLES_BESIDE_THE_KPI", beside_the_kpi)
