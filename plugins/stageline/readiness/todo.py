"""What is to be done for a stage, the least effort first, and who owes it."""

from collections.abc import Iterable
from dataclasses import dataclass

from stageline.readiness.evidence import Section
from stageline.readiness.facts import Facts
from stageline.readiness.requirements import Met, approver_names
from stageline.readiness.rule import Result, State, filled
from stageline.readiness.score import Score
from stageline.spec import PipelineSpec, Stage

_ORDER = list(Stage)


@dataclass(frozen=True)
class Todo:
    """One thing to do.

    :param why: What is the case now.
    :param how: A command, or a line of YAML.
    :param role: That owes it.
    :param owner: The role's owner by the spec; empty where nobody is named.
    :param minutes: Rough effort of a person.
    :param gain: Points that it adds to its section; 0 for a requirement.
    :param needed: Whether it belongs to the cheapest way to the stage.
    :param lost: Whether there was evidence, which expired or speaks against it by now.
    :param blocked: Why it cannot be done now; empty if it can.
    """

    code: str
    title: str
    why: str
    how: str
    role: str
    owner: str
    minutes: int
    gain: float
    needed: bool
    lost: bool = False
    blocked: str = ""


def todo_for(
    facts: Facts, results: Iterable[Result], score: Score, unmet: Iterable[Met], least: float
) -> tuple[Todo, ...]:
    """Return what is to be done until each section has `least` points and all requirements are met.

    In each section that lacks points, the cheapest tests that suffice are marked as needed.
    """
    spec = facts.spec
    asked = tuple(unmet)
    todos = [_of_requirement(facts, each) for each in asked]
    # What a requirement's own way earns is done anyway.
    anyway = {each.requirement.earns for each in asked}
    wanted = {section: least - points for section, points in score.sections.items() if points < least}
    missing = sorted(
        (each for each in results if each.points < each.test.most and each.test.section in wanted),
        key=lambda each: _rank(facts, each, each.test.code in anyway),
    )
    lacking: dict[Section, float] = dict(wanted)
    for result in missing:
        section, gain, blocked = result.test.section, _gain(spec, result), blocked_by(facts, result)
        # What a later stage alone can earn is never asked for; what needs something first, only where nothing else is.
        needed = lacking[section] > 0 and gain > 0 and not _too_early(spec, result)
        if needed:
            lacking[section] -= gain
        todos.append(_of_test(spec, result, gain, needed=needed, blocked=blocked))
    return tuple(sorted(todos, key=lambda each: (not each.needed, bool(each.blocked), each.minutes, each.code)))


def blocked_by(facts: Facts, result: Result) -> str:
    """Return why a test cannot be earned as things are; empty if it can."""
    spec = facts.spec
    if _too_early(spec, result):
        return f"possible from stage {result.test.since.value} on"
    missing = [key for key in result.test.needs if not _present(spec, key)]
    if not _gain(spec, result) and result.points < result.test.most:
        return f"the rest is possible from stage {Stage.PILOT.value} on"
    if missing:
        return f"needs {', '.join(missing)} in the YAML"
    if result.test.trained and facts.newest("evaluate") is None:
        return f"needs a trained model: {filled('{train}', spec)}"
    return _without_champion(facts) if result.test.in_use else ""


def _without_champion(facts: Facts) -> str:
    return "" if facts.champion else f"needs a model in use: {filled('{train}', facts.spec)}"


def _too_early(spec: PipelineSpec, result: Result) -> bool:
    return _ORDER.index(spec.stage) < _ORDER.index(result.test.since)


def _rank(facts: Facts, result: Result, anyway: bool) -> tuple[bool, bool, float, str]:
    return (
        bool(blocked_by(facts, result)),
        not anyway,
        result.test.minutes / max(_gain(facts.spec, result), 0.5),
        result.test.code,
    )


def _gain(spec: PipelineSpec, result: Result) -> float:
    most = result.test.most if spec.stage is not Stage.POC else min(result.test.most, result.test.most_in_poc)
    return max(most - result.points, 0.0)


def _of_test(spec: PipelineSpec, result: Result, gain: float, *, needed: bool, blocked: str) -> Todo:
    test = result.test
    return Todo(
        test.code, test.title, result.message, filled(test.earn, spec), test.owner, owner_of(spec, test.owner),
        test.minutes, gain, needed, result.state in (State.FAILED, State.EXPIRED), blocked,
    )  # fmt: skip


def _of_requirement(facts: Facts, met: Met) -> Todo:
    wanted, spec = met.requirement, facts.spec
    owner = " or ".join(sorted(approver_names(spec))) if wanted.by_approvers else owner_of(spec, wanted.owner)
    return Todo(
        wanted.code, wanted.title, met.message, filled(wanted.earn, spec), wanted.owner, owner, wanted.minutes, 0.0,
        needed=True, blocked=_without_champion(facts) if wanted.in_use else "",
    )  # fmt: skip


def owner_of(spec: PipelineSpec, role: str) -> str:
    """Return who has a role by the spec; empty where nobody has."""
    return getattr(spec.owners, role) or ""


def _present(spec: PipelineSpec, key: str) -> bool:
    value: object = spec
    for part in key.split("."):
        value = getattr(value, part, None)
        if value is None:
            return False
    return True
