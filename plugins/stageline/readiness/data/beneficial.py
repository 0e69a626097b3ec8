"""Data 2: all features are beneficial."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned, evidence_of, held, newer
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L102"
_SHOWN = 5
# Parts of the event time that one switch (`features.calendar`) makes: they count together.
CALENDAR = ("event_hour", "event_weekday", "event_month", "event_day")


def find(facts: Facts) -> Evidence | None:
    """Return the newest of the ablation and of the shuffling that each evaluation does.

    A feature that the ablation found to be of use stays so: shuffling alone shows little of features that say the same.
    """
    return newer(earned(facts, CODE), _shuffled(facts))


def _shuffled(facts: Facts) -> Evidence | None:
    evaluated = next((fact for fact in facts.of("evaluate") if fact.body.get("importance")), None)
    if evaluated is None:
        return None
    ablation = facts.earned(CODE)
    of_use = set(ablation.body.get("of_use") or ()) if ablation else set()
    measured = evaluated.body["importance"]
    calendar = facts.spec.features.calendar and facts.spec.source.event_time is not None
    if calendar and any(each["feature"] in CALENDAR and _needed(each) for each in measured):
        of_use.update(CALENDAR)
    idle = [each["feature"] for each in measured if not _needed(each) and each["feature"] not in of_use]
    if not idle:
        return evidence_of(
            CODE, evaluated, f"each of {len(measured)} features makes the KPI better", verdict=held(True)
        )
    named = ", ".join(map(repr, idle[:_SHOWN])) + (", …" if len(idle) > _SHOWN else "")
    detail = f"{len(idle)} of {len(measured)} features show no worth when they are shuffled: {named}"
    return evidence_of(CODE, evaluated, detail, verdict=held(False))


def _needed(measured: Mapping[str, Any]) -> bool:
    # The least of several shuffles: of a feature that says nothing, some happen to be worse, too.
    least = measured.get("low")
    return least is not None and least > 0


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=2, title="All features are beneficial",
    full="each feature makes the KPI better: it gets worse when the feature is shuffled, or left out in another fit",
    lifetime=timedelta(days=90), owner="model", minutes=10, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L102 (then list what is of no use in `features.exclude`)",
)  # fmt: skip
