"""One pipeline's quality from run to run: what each run measured, and what the runs before it let expect."""

from stageline.quality.over_time.band_checks import check_bands
from stageline.quality.over_time.persistent import quality_persistence
from stageline.quality.over_time.run_metrics import RunMetrics
from stageline.quality.over_time.trend import trend_of

__all__ = ["RunMetrics", "check_bands", "quality_persistence", "trend_of"]
