"""The stage card of a pipeline: made from what readiness found, at the moment that a record names."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stageline.monitoring.incident_topics import INPUTS, KPI, LABELS, MONITORING, PERFORMANCE, role_of
from stageline.monitoring.incident_topics import owner_of as told_of
from stageline.operators.stage_card_facts import costs_of, data_of, kpi_of, model_of, risks_of
from stageline.readiness.evidence import GRADUATION
from stageline.readiness.graduation import disagreement
from stageline.readiness.rule import State, how_to_earn
from stageline.readiness.todo import blocked_by, owner_of
from stageline.reporting import stage_card_content as views
from stageline.spec import PipelineSpec, Stage
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from stageline.operators.run_context import RunContext
    from stageline.readiness import Fact, Readiness, Result, StageJudgement

_ROLES = ("business", "model", "data", "operations")
_ORDER = list(Stage)
_MOST_SENTENCE = 600


def card_of(run: "RunContext", readiness: "Readiness") -> views.StageCard:
    """Return the card of a pipeline."""
    return stage_card(readiness, project=run.project, airflow_ui=run.settings.airflow_ui)


def recorded_card(run: "RunContext", evidence: Mapping[str, Any]) -> views.StageCard:
    """Return the card that a record of the step `readiness` speaks of: of its moment, up to its newest record."""
    from stageline.readiness import judge_readiness, read_facts

    facts = read_facts(run.ledger, run.name, run.spec, until=evidence["upto"])
    return card_of(run, judge_readiness(replace(facts), datetime.fromisoformat(evidence["as_of"])))


def digest_of_card(card: views.StageCard) -> str:
    """Return the `sha256:…` of all that a card says."""
    import hashlib

    from stageline.ledger import canonical_json

    return f"sha256:{hashlib.sha256(canonical_json(card.model_dump(mode='json'), 'card').encode()).hexdigest()}"


def stage_card(readiness: "Readiness", *, project: "Path", airflow_ui: str | None = None) -> views.StageCard:
    """Return the card of what was judged.

    :param project: Root folder of the project, for its prices.
    :param airflow_ui: Where people open DAG runs.
    """
    facts, spec = readiness.facts, readiness.facts.spec
    now, following = readiness.stage(), _following(readiness)
    bare = views.StageCard(
        pipeline=spec.pipeline,
        stage=spec.stage.value,
        description=spec.description,
        created_at=readiness.now,
        upto=max((fact.position for fact in facts.facts), default=0),
        verdict=_verdict(readiness, now),
        sentence=_sentence(readiness, now),
        least=now.least,
        owners=_owners(spec),
        duties=tuple(_duties(spec)),
    )
    if readiness.faults:
        return bare  # nothing on record is evidence
    towards = following if following is not None and now.earned else now
    found: dict[str, Any] = {
        "disagreement": disagreement(facts),
        "score": readiness.score.value,
        "band": readiness.score.band,
        "next_stage": towards.stage.value if towards is not now else "",
        "next_sentence": towards.sentence if towards is not now else "",
        "next_least": towards.least,
        "sections": tuple(_sections(readiness)),
        "requirements": tuple(_requirements(now, following if now.earned else None)),
        "todo": tuple(_todo(towards)),
        "kpi": tuple(kpi_of(facts)),
        "data": tuple(data_of(facts)),
        "model": tuple(model_of(facts)),
        "costs": tuple(costs_of(facts, project)),
        "risks": tuple(risks_of(readiness)),
        "history": tuple(_history(readiness)),
        "records": tuple(_records(readiness, airflow_ui)),
    }
    return bare.model_copy(update=found)


def _todo(stage: "StageJudgement") -> Iterator[views.TodoView]:
    for each in stage.todo:
        owner = each.owner or f"{each.role} (nobody is named)"
        yield views.TodoView(
            code=each.code, title=each.title, why=each.why, how=each.how, owner=owner, minutes=each.minutes,
            needed=each.needed, blocked=each.blocked,
        )  # fmt: skip


def _following(readiness: "Readiness") -> "StageJudgement | None":
    later = _ORDER[_ORDER.index(readiness.facts.stage) + 1 :]
    return readiness.stage(later[0]) if later else None


def _verdict(readiness: "Readiness", now: "StageJudgement") -> Verdict:
    if readiness.faults:
        return Verdict.ERRORED
    if now.earned:
        return Verdict.PASSED
    return Verdict.WARNED if now.grace_until is not None else Verdict.FAILED


def _sentence(readiness: "Readiness", now: "StageJudgement") -> str:
    if readiness.faults:
        return f"The ledger's chain does not hold, so nothing in it is evidence: {readiness.faults[0]}"
    grace = f"; it counts as earned until {now.grace_until:%Y-%m-%d %H:%M} UTC" if now.grace_until else ""
    blocks = "" if now.earned else f"; releases are {_BLOCKS[readiness.enforcement.value]}"
    return f"{now.sentence}{grace}{blocks}"


_ALERTS = {
    INPUTS: "what came in", PERFORMANCE: "the model got worse", KPI: "the KPI misses its goal",
    LABELS: "labels are missing",
    MONITORING: "the monitoring stopped",
}  # fmt: skip
_BLOCKS = {"tell": "told of it", "warn": "warned", "block": "held back"}


def _owners(spec: PipelineSpec) -> tuple[str, str, str, str]:
    business, model, data, operations = (owner_of(spec, role) for role in _ROLES)
    return business, model, data, operations


def _duties(spec: PipelineSpec) -> Iterator[views.DutyView]:
    """Yield who does and answers for what; those who approve are the ones that the release asks."""
    approvers = spec.release.approvers if spec.release else ()
    needed = spec.release.approvals if spec.release and spec.stage is Stage.PRODUCTION else 1
    asked = ", ".join(owner_of(spec, role) for role in approvers)
    table: list[tuple[str, tuple[views.Part, views.Part, views.Part, views.Part], str]] = [
        ("Goal and worth of the KPI", ("A", "R", "C", "I"), ""),
        ("Data and their expectations", ("I", "C", "R A", "I"), ""),
        ("Training, evaluation, readiness tests", ("I", "R A", "C", "I"), ""),
        ("Running, rollback, drill", ("I", "C", "I", "R A"), ""),
        *(
            (f"Alert: {words}", _parts(role_of(topic)), told_of(role_of(topic), spec.owners))
            for topic, words in _ALERTS.items()
        ),
        ("Going up a stage", ("A", "R", "C", "C"), ""),
    ]
    if approvers:
        business, model, data, operations = (("A" if role in approvers else "I") for role in _ROLES)
        several = f" ({needed} of them)" if len(approvers) > 1 else ""
        table.insert(3, ("Approving a release", (business, model, data, operations), f"{asked}{several}"))  # type: ignore[arg-type]
    for duty, parts, people in table:
        named = [owner_of(spec, role) for role, part in zip(_ROLES, parts, strict=True) if "A" in part or "R" in part]
        yield views.DutyView(
            duty=duty, parts=parts, people=people or ", ".join(dict.fromkeys(filter(None, named))) or "nobody is named"
        )


def _parts(told: str) -> tuple[views.Part, views.Part, views.Part, views.Part]:
    """Return the parts of a duty that is one role's alone, as an alert is."""
    business, model, data, operations = (("R A" if role == told else "") for role in _ROLES)
    return business, model, data, operations  # type: ignore[return-value]


def _sections(readiness: "Readiness") -> Iterator[views.SectionView]:
    for section, points in readiness.score.sections.items():
        own = [each for each in readiness.results if each.test.section is section]
        yield views.SectionView(name=section.value, points=points, tests=tuple(_test(readiness, each) for each in own))


def _test(readiness: "Readiness", result: "Result") -> views.TestView:
    test, spec = result.test, readiness.facts.spec
    blocked = blocked_by(readiness.facts, result)
    earn = blocked or how_to_earn(test, spec)
    who = owner_of(spec, test.owner)
    return views.TestView(
        code=test.code, number=test.number, title=test.title, points=result.points, most=test.most,
        state=result.state.value, message=result.message, owner=f"{test.owner}: {who}" if who else test.owner,
        records=tuple(each.position for each in result.evidence), until=result.until,
        earn="" if result.state is State.EARNED or result.points >= test.most else earn,
    )  # fmt: skip


def _requirements(now: "StageJudgement", following: "StageJudgement | None") -> Iterator[views.RequirementView]:
    asked = {each.requirement.code for each in following.requirements} if following else set()
    for judged in filter(None, (now, following)):
        for each in judged.requirements:
            if judged is now and each.requirement.code in asked:
                continue  # the stage above asks for the same
            yield views.RequirementView(
                code=each.requirement.code, title=each.requirement.title, stage=judged.stage.value, met=each.met,
                message=each.message, record=each.evidence.position if each.evidence else None,
            )  # fmt: skip


def _history(readiness: "Readiness") -> Iterator[views.StepView]:
    for fact in readiness.facts.of_kind(GRADUATION, "promotion", "rollback"):
        sentence = fact.sentence if len(fact.sentence) <= _MOST_SENTENCE else f"{fact.sentence[:_MOST_SENTENCE]}…"
        yield views.StepView(at=fact.at, sentence=sentence, record=fact.position)


def _records(readiness: "Readiness", airflow_ui: str | None) -> Iterator[views.RecordView]:
    """Yield every record that the card names, the newest first."""
    named = {found.position for result in readiness.results for found in result.evidence}
    for stage in (readiness.stage(), _following(readiness)):
        if stage is not None:
            named |= {each.evidence.position for each in stage.requirements if each.evidence}
    named |= {fact.position for fact in readiness.facts.of_kind(GRADUATION, "promotion", "rollback")}
    for fact in readiness.facts.facts:
        if fact.position in named:
            yield _record(fact, airflow_ui)


def _record(fact: "Fact", airflow_ui: str | None) -> views.RecordView:
    dag, _, run = fact.run.partition("/")
    url = f"{airflow_ui}/dags/{quote(dag)}/runs/{quote(run)}" if airflow_ui and dag else None
    by = fact.run if dag else fact.actor or "by hand"
    return views.RecordView(
        position=fact.position, at=fact.at, what=fact.step if fact.kind == "step" else fact.kind, by=by,
        verdict=fact.verdict, sentence=fact.sentence, digest=fact.digest, url=url,
    )  # fmt: skip
