"""Data 4: features keep to what is required of all of them: none private, none that gives the target away."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Verdict

CODE = "SL-L104"
_LEAK = "SL-Q015"


def find(facts: Facts) -> Evidence | None:
    """Return what the newest leak check and the newest snapshot's features say."""
    checked, built = facts.last("quality"), facts.newest("features")
    if checked is None or built is None:
        return None
    if not checked.with_code(_LEAK):
        return evidence_of(
            CODE, checked, f"the newest run looked for no leaks: {checked.sentence}", verdict=held(False)
        )
    features = {*built.body.get("numeric", ()), *built.body.get("categorical", ())}
    private = sorted(features.intersection(facts.spec.source.private))
    leaks = [check.message for check in checked.with_code(_LEAK) if check.verdict is not Verdict.PASSED]
    if private:
        detail = f"the model sees private columns: {', '.join(map(repr, private))}"
    elif leaks:
        detail = leaks[0]
    else:
        detail = f"none of {len(features)} features is private, and none gives the target away"
    return evidence_of(CODE, checked, detail, verdict=held(not private and not leaks))


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=4, title="Features adhere to meta-level requirements",
    full="the newest run looked for leaks and found none, and no feature is listed in `source.private`",
    lifetime=timedelta(days=30), owner="data", minutes=15, find=find,
    earn="{train} (list leaking and private columns in `features.exclude`)",
)  # fmt: skip
