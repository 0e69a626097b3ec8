"""One pipeline's quality from run to run: what each run measured, and what the runs before it let expect."""

from stageline.quality.over_time.band_checks import check_bands
from stageline.quality.over_time.persistence import EarlierRun, check_persistence
from stageline.quality.over_time.run_metrics import RunMetrics
from stageline.quality.over_time.trend import trend_of

__all__ = ["EarlierRun", "RunMetrics", "check_bands", "check_persistence", "trend_of"]
