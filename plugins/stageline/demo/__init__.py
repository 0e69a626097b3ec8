"""The demo: a simulated city of rental bikes, whose every fault is known beforehand."""

from stageline.demo.sources import DEMO_TABLES, read_demo

__all__ = ["DEMO_TABLES", "read_demo"]
