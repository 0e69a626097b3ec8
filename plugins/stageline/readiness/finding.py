"""How tests turn records into evidence."""

from stageline.readiness.evidence import FULL, HALF, Evidence, Kind
from stageline.readiness.facts import Fact, Facts, subject_digest
from stageline.verdicts import Verdict


def evidence_of(code: str, fact: Fact, detail: str, *, verdict: Verdict | None = None, worth: float = FULL) -> Evidence:
    """Return what a record says about a test.

    :param verdict: Default: the record's own.
    """
    return Evidence(
        code=code, kind=Kind.AUTOMATED, at=fact.at, position=fact.position, digest=fact.digest,
        verdict=fact.verdict if verdict is None else verdict, detail=detail, worth=worth,
    )  # fmt: skip


def held(good: bool) -> Verdict:
    """Return passed or failed."""
    return Verdict.PASSED if good else Verdict.FAILED


def earned(facts: Facts, code: str) -> Evidence | None:
    """Return what the newest check says that was run for a test (`--earn`), or none."""
    fact = facts.earned(code)
    if fact is None:
        return None
    if fact.body.get("about") not in (None, subject_digest(facts.spec)):
        detail = "source, target, features or train changed since it was checked"
        return evidence_of(code, fact, detail, verdict=Verdict.INCONCLUSIVE)
    # The record's own sentence begins with the test's title, which stands beside it already.
    return evidence_of(
        code,
        fact,
        str(fact.evidence.get("sentence") or fact.sentence),
        worth=HALF if fact.body.get("worth") == HALF else FULL,
    )


def newer(*found: Evidence | None) -> Evidence | None:
    """Return the newest of several; none where there is none."""
    return max((each for each in found if each is not None), key=lambda each: each.position, default=None)
