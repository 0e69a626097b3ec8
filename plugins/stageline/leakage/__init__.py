"""Columns that give the target away: found before a model learns from what it will not have."""

from stageline.leakage.check import check_leaks
from stageline.leakage.leaks import Leak, find_leaks

__all__ = ["Leak", "check_leaks", "find_leaks"]
