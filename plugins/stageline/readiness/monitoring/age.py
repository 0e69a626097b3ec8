"""Monitoring 4: models are not too stale."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from stageline.readiness.evidence import HALF, Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.model import staleness
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L404"
_DAYS, _MOST_DAYS = 30, 3_650


def find(facts: Facts) -> Evidence | None:
    """Return the model in use, which counts for as long as the staleness backtest says; the newest where none is."""
    promoted = _in_use(facts)
    trained = facts.newest("train")
    lifetime, why = _limit(facts)
    if promoted is not None:
        trained_at = _trained_at(promoted)
        version = _after(promoted).get("version")
        detail = f"version {version} is in use, trained {trained_at:%Y-%m-%d}; a model may be {why}"
        found = evidence_of(CODE, promoted, detail, verdict=held(True))
        return replace(found, at=trained_at, lifetime=lifetime)
    if trained is None:
        return None
    detail = f"nothing is in use; the newest model may be {why}"
    return replace(evidence_of(CODE, trained, detail, worth=HALF), lifetime=lifetime)


def _in_use(facts: Facts) -> Fact | None:
    """Return the release of the model in use: after a rollback, that of the model that is back."""
    moved = next(facts.of_kind("promotion", "rollback"), None)
    if moved is None or moved.kind == "promotion":
        return moved
    digest = _after(moved).get("digest")
    return next((fact for fact in facts.of_kind("promotion") if _after(fact).get("digest") == digest), moved)


def _trained_at(promoted: Fact) -> datetime:
    """Return when the model of a release was trained: a release does not make it younger."""
    stands_for = _after(promoted).get("as_of")
    return min(promoted.at, datetime.fromisoformat(stands_for)) if stands_for else promoted.at


def _after(fact: Fact) -> Mapping[str, Any]:
    return (fact.evidence.get("head_change") or {}).get("after") or {}


def _limit(facts: Facts) -> tuple[timedelta, str]:
    known = facts.earned(staleness.TEST.code)
    days = known.body.get("stale_after_days") if known is not None and known.verdict.advances else None
    if not isinstance(days, int | float) or not 0 <= days <= _MOST_DAYS:
        return timedelta(days=_DAYS), f"{_DAYS} days old (no backtest says otherwise)"
    return timedelta(days=float(days)), f"{float(days):g} days old by the backtest of record #{known.position}"  # type: ignore[union-attr]


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=4, title="Models are not too stale",
    full="the model in use is younger than the staleness backtest allows (SL-L204); without one, than 30 days",
    half="nothing is in use, and the newest model is that young", lifetime=timedelta(days=_DAYS), owner="model",
    minutes=15, find=find, most_in_poc=HALF, earn="{train}",
)  # fmt: skip
