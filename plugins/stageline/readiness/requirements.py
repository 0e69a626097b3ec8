"""What a stage asks for beside a score: owners, the KPI met, a drill, a forecast of its cost, a person's approval."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from stageline.readiness.evidence import FORECAST, Evidence, Kind
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of
from stageline.spec import PipelineSpec, Stage
from stageline.spec.durations import format_duration
from stageline.spec.values import Role

_ROLES: dict[Stage, tuple[str, ...]] = {
    Stage.POC: (),
    Stage.PILOT: ("business", "model", "data"),
    Stage.PRODUCTION: ("business", "model", "data", "operations"),
}
_GOAL = "SL-E001"
APPROVAL = "SL-L005"


@dataclass(frozen=True)
class Requirement:
    """A thing that a stage needs, whatever the score.

    :param stages: That need it.
    :param lifetime: How long evidence holds; none: it is read from the spec as it is.
    :param earn: As of a test.
    """

    code: str
    title: str
    stages: tuple[Stage, ...]
    owner: Role
    minutes: int
    earn: str
    find: "Callable[[Facts, Stage], Evidence | str]"
    lifetime: timedelta | None = None


@dataclass(frozen=True)
class Met:
    """A requirement and whether it is met for a stage."""

    requirement: Requirement
    met: bool
    message: str
    evidence: Evidence | None = None
    until: datetime | None = None


def judge_requirement(
    requirement: Requirement, facts: Facts, stage: Stage, now: datetime, grace: timedelta = timedelta(0)
) -> Met:
    """Judge whether a stage's requirement is met.

    :param grace: For how long after its lifetime evidence still counts.
    """
    found = requirement.find(facts, stage)
    if isinstance(found, str):
        return Met(requirement, not found, found or "named in the spec")
    if not found.holds or requirement.lifetime is None:
        return Met(requirement, found.holds, found.detail, found)
    end = found.at + requirement.lifetime
    if now <= end + grace:
        return Met(requirement, True, found.detail, found, end)
    holds = format_duration(requirement.lifetime)
    message = f"{found.detail}: recorded {found.at:%Y-%m-%d}, holds {holds}, expired {end:%Y-%m-%d %H:%M} UTC"
    return Met(requirement, False, message, found, end)


def approver_names(spec: PipelineSpec) -> set[str]:
    """Return the owners who may approve a release."""
    roles = spec.release.approvers if spec.release else ()
    return {owner for role in roles if (owner := getattr(spec.owners, role))}


def _owners(facts: Facts, stage: Stage) -> str:
    missing = [f"owners.{role}" for role in _ROLES[stage] if not getattr(facts.spec.owners, role)]
    return f"the spec names no {', '.join(missing)}" if missing else ""


def _kpi(facts: Facts, stage: Stage) -> Evidence | str:
    del stage
    for fact in facts.of("evaluate"):
        for check in fact.with_code(_GOAL):
            return evidence_of("SL-L002", fact, check.message, verdict=check.verdict)
    return "no evaluation is on record"


def _drill(facts: Facts, stage: Stage) -> Evidence | str:
    del stage
    drill = facts.newest("drill")
    return evidence_of("SL-L003", drill, drill.sentence) if drill else "no rollback drill is on record"


def _forecast(facts: Facts, stage: Stage) -> Evidence | str:
    del stage
    fact = next(facts.of_kind(FORECAST), None)
    return evidence_of("SL-L004", fact, fact.sentence) if fact else "no forecast of the cost is on record"


def _approval(facts: Facts, stage: Stage) -> Evidence | str:
    """Return the newest approval: of the model in use, or an approver's word for the step up."""
    del stage
    said, released = facts.attested(APPROVAL), _released_by(facts)
    found = max((each for each in (said, released) if each), key=lambda each: each.position, default=None)
    if found is None:
        return "nobody approved the model in use, nor the step up"
    kind = Kind.ATTESTED if found is said else Kind.AUTOMATED
    return Evidence(APPROVAL, kind, found.at, found.position, found.digest, found.verdict, found.sentence)


def _released_by(facts: Facts) -> Fact | None:
    promoted = next(facts.of_kind("promotion"), None)
    wanted = promoted.evidence.get("evidence") if promoted else None
    return next(
        (
            fact for fact in facts.of_kind("approval")
            if wanted and fact.evidence.get("evidence") == wanted and fact.verdict.advances
        ), None,
    )  # fmt: skip


_LATER = (Stage.PILOT, Stage.PRODUCTION)
REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        "SL-L001", "Owners are named", _LATER, "business", 5, "name them in the YAML: owners: {business: …, model: …, "
        "data: …, operations: …}", _owners,
    ),
    Requirement(
        "SL-L002", "The KPI meets its goal", _LATER, "model", 120, "{train}", _kpi, timedelta(days=90),
    ),
    Requirement(
        "SL-L003", "A rollback drill passed", (Stage.PRODUCTION,), "operations", 3,
        "stageline readiness {name} --earn SL-L307", _drill, timedelta(days=35),
    ),
    Requirement(
        "SL-L004", "The cost is forecast", (Stage.PRODUCTION,), "business", 3,
        "stageline readiness {name} --earn SL-L004", _forecast, timedelta(days=90),
    ),
    Requirement(
        APPROVAL, "A person approved", (Stage.PRODUCTION,), "business", 30,
        'stageline attest {name} SL-L005 --by APPROVER --note "why it may go up" (or approve a release in Airflow)',
        _approval, timedelta(days=365),
    ),
)  # fmt: skip
