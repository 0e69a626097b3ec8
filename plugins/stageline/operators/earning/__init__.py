"""Real checks that earn tests of readiness: each runs what it is about, and its result is recorded."""

from stageline.operators.earning.earn import RUNNERS, earn

__all__ = ["RUNNERS", "earn"]
