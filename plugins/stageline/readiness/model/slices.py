"""Model 6: quality is sufficient on all important slices."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned, evidence_of, held, newer
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L206"
_SLICE = "SL-G002"


def find(facts: Facts) -> Evidence | None:
    """Return the newest of the check that was run for it and of the gate's own slices."""
    gated = next((fact for fact in facts.of("evaluate") if fact.with_code(_SLICE)), None)
    if gated is None:
        return earned(facts, CODE)
    slices = gated.with_code(_SLICE)
    bad = [check.message for check in slices if check.effect is not None and not check.effect.advances]
    detail = bad[0] if bad else f"no slice of {len(slices)} column(s) loses against the champion"
    return newer(earned(facts, CODE), evidence_of(CODE, gated, detail, verdict=held(not bad)))


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=6, title="Model quality is sufficient on all important data slices",
    full="in each slice of `gates.slices`, or of those that a tree finds, the model beats the constant; or no slice "
    "lost against the champion in the newest gate (SL-G002)", lifetime=timedelta(days=90), owner="model",
    minutes=5, find=find, trained=True, earn="stageline readiness {name} --earn SL-L206",
)  # fmt: skip
