"""Infrastructure 4: quality is validated before a model serves."""

from datetime import timedelta

from stageline.readiness.evidence import HALF, Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Mode

CODE = "SL-L304"
_BEFORE = ("evaluate", "validate")


def find(facts: Facts) -> Evidence | None:
    """Return whether the newest release rests on both blessings; without a release, what judged the newest model."""
    promoted = next(facts.of_kind("promotion"), None)
    if promoted is None:
        return _unreleased(facts)
    rests_on = promoted.evidence.get("records") or {}
    known = {fact.position: fact for fact in facts.facts}
    lacking = [step for step in _BEFORE if not _blessed(known.get(rests_on.get(step, 0)))]
    detail = (
        f"the newest release (#{promoted.position}) does not rest on a passed {' and '.join(lacking)}"
        if lacking
        else f"the newest release (#{promoted.position}) rests on evaluate and validate, both of which could stop it"
    )
    return evidence_of(CODE, promoted, detail, verdict=held(not lacking))


def _blessed(fact: Fact | None) -> bool:
    return fact is not None and fact.verdict.advances and fact.mode is Mode.ENABLED


def _unreleased(facts: Facts) -> Evidence | None:
    judged = facts.newest("evaluate")
    if judged is None:
        return None
    detail = f"nothing is released; the newest model was judged: {judged.sentence}"
    return evidence_of(CODE, judged, detail, worth=HALF)


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=4, title="Model quality is validated before serving",
    full="the newest release rests on a passed `evaluate` and `validate`, in mode enabled",
    half="nothing is released yet, and the newest model passed `evaluate`", lifetime=timedelta(days=180),
    owner="model", minutes=15, find=find, most_in_poc=HALF, earn="{train}",
)  # fmt: skip
