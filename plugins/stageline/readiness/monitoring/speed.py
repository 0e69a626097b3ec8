"""Monitoring 6: no regression in speed or memory."""

from collections.abc import Mapping
from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L406"
# Machines are noisy: less than twice is no regression that one measurement could show.
_MOST = 2.0


def find(facts: Facts) -> Evidence | None:
    """Return what the newest model takes, beside the model before; of a POC, what evaluation measured."""
    for step, measured, worth in (("validate", _validated, FULL), ("evaluate", _evaluated, HALF)):
        known = [(fact, values) for fact in facts.of(step) if (values := measured(fact))]
        if known:
            return _compared(known, worth)
    return None


def _validated(fact: Fact) -> dict[str, float]:
    units = {"SL-V009": "ms for a row", "SL-V010": "MB"}
    return {units[check.code]: check.value for check in fact.with_code(*units) if check.value is not None}


def _evaluated(fact: Fact) -> dict[str, float]:
    latency: Mapping[str, float] = fact.body.get("latency") or {}
    return {"ms for a row": latency["single_ms"]} if "single_ms" in latency else {}


def _compared(known: list[tuple[Fact, dict[str, float]]], worth: float) -> Evidence:
    (newest, now), before = known[0], known[1][1] if len(known) > 1 else None
    told = ", ".join(f"{value:.4g} {unit}" for unit, value in now.items())
    if before is None:
        return evidence_of(CODE, newest, f"{told}: the first that was measured", verdict=held(True), worth=HALF)
    worse = [unit for unit, value in now.items() if unit in before and value > _MOST * before[unit]]
    was = ", ".join(f"{value:.4g} {unit}" for unit, value in before.items())
    return evidence_of(
        CODE, newest, f"{told}; the model before took {was} (at most {_MOST:g} times as much passes)",
        verdict=held(not worse), worth=worth,
    )  # fmt: skip


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=6,
    title="No regression in training speed, serving latency, throughput or memory",
    full="the newest validation measured at most twice the latency and memory of the one before",
    half="only one was measured, or only evaluation measured", lifetime=timedelta(days=30), owner="operations",
    minutes=20, find=find, most_in_poc=HALF, earn="{train}",
)  # fmt: skip
