"""How a proposed spec is laid out as YAML, section by section."""

from collections.abc import Mapping
from dataclasses import dataclass

from stageline.onboarding.columns import ColumnRoles
from stageline.onboarding.estimator_choice import EstimatorChoice
from stageline.onboarding.goals import Goal
from stageline.onboarding.suite_text import Room, fitting, section_lines
from stageline.onboarding.target_task import TargetTask
from stageline.onboarding.yaml_text import comment, flow, scalar
from stageline.quality import ProposedExpectation
from stageline.tables.wording import printable, shown

SCHEMA_LINE = "# yaml-language-server: $schema=../pipeline.schema.json"
_OWNERS = {
    "business": "the use case and its KPI",
    "model": "the model",
    "data": "the source",
    "operations": "running it",
}


@dataclass(frozen=True)
class Proposal:
    """All that a spec says, each part with what it rests on.

    :param exclude: Column → why the model must not see it.
    :param features: Number of columns the model sees.
    :param calendar: Whether features are derived from the event time.
    """

    name: str
    uri: str
    rows: int
    columns: int
    target: str
    task: TargetTask
    roles: ColumnRoles
    exclude: Mapping[str, str]
    features: int
    calendar: bool
    expectations: tuple[ProposedExpectation, ...]
    estimator: EstimatorChoice
    goal: Goal


def render(proposal: Proposal) -> str:
    """Return the YAML file."""
    front = [*_head(proposal), *_source(proposal), *_target(proposal), *_features(proposal)]
    back = [*_train(proposal), *_kpi(proposal)]
    room = Room.beside(len("\n".join([*front, *back]).encode()), len(proposal.exclude))
    return "\n".join([*front, *_quality(proposal.expectations, room), *back, ""])


def _head(proposal: Proposal) -> list[str]:
    description = (
        f"Predicts {shown(proposal.target)} from {proposal.uri}: {proposal.rows:,} rows, "
        f"{proposal.features} of {proposal.columns} columns as features."
    )
    return [
        SCHEMA_LINE,
        *comment("A proposal made by `stageline init`: each comment says what in the data a line rests on."),
        f"pipeline: {scalar(proposal.name)}",
        "# The first stage asks: is there value? The report says what the next one needs.",
        "stage: poc",
        f"description: {scalar(description)}",
        "# Without a schedule it runs by hand.",
        '# schedule: "@daily"',
        "",
        "# Who answers for what. A pilot needs business, model and data, production operations too.",
        "# owners:",
        *(f"#   {role}: name@example.com  # {duty}" for role, duty in _OWNERS.items()),
        "",
    ]


def _source(proposal: Proposal) -> list[str]:
    roles = proposal.roles
    lines = [
        "source:",
        *comment(f"{proposal.rows:,} rows, {proposal.columns} columns", indent=2),
        f"  uri: {scalar(proposal.uri)}",
    ]
    if roles.event_time:
        lines += comment(f"{roles.event_time_reason}; training never sees what came later", indent=2)
        lines.append(f"  event_time: {scalar(roles.event_time)}")
    else:
        lines += comment(f"No event time: {roles.event_time_reason}. Rows are held out at random.", indent=2)
        for column in roles.time_candidates:
            # Not wrapped: to choose it, the mark of the comment is deleted.
            lines.append(f"  # event_time: {printable(scalar(column))}")
    lines += comment(roles.keys_reason, indent=2)
    return [*lines, f"  keys: {flow(roles.keys)}", ""]


def _target(proposal: Proposal) -> list[str]:
    task = proposal.task
    lines = [
        "target:",
        f"  column: {scalar(proposal.target)}",
        *comment(task.reason, indent=2),
        f"  task: {task.task.value}",
    ]
    if task.positive is not None:
        lines += comment(f"the class whose probability is meant, {task.positive_reason}", indent=2)
        lines.append(f"  positive: {scalar(task.positive)}")
    return [*lines, ""]


def _features(proposal: Proposal) -> list[str]:
    lines = [
        "features:",
        *comment(f"The model sees the other {proposal.features} columns.", indent=2),
        "  exclude:" if proposal.exclude else "  exclude: []",
    ]
    for column, reason in proposal.exclude.items():
        lines += comment(f"{shown(column)}: {reason}", indent=4)
        lines.append(f"    - {scalar(column)}")
    if not proposal.calendar:
        lines += comment("the table has columns of the names that the calendar features take", indent=2)
        lines.append("  calendar: false")
    return [*lines, ""]


def _quality(proposed: tuple[ProposedExpectation, ...], room: Room) -> list[str]:
    if not proposed:
        return []
    kept = fitting(proposed, room)
    return [*section_lines(kept, len(proposed) - len(kept)), ""]


def _train(proposal: Proposal) -> list[str]:
    estimator = proposal.estimator
    lines = [
        "train:",
        *comment(estimator.reason, indent=2),
        f"  estimator: {estimator.path}",
        "  params:",
    ]
    for name, (value, reason) in estimator.params.items():
        lines += [*comment(reason, indent=4), f"    {name}: {scalar(value)}"]
    which = "the latest fifth of the rows" if proposal.roles.event_time else "a random fifth of the rows"
    return [*lines, *comment(f"{which} judges the model", indent=2), "  holdout: 0.2", ""]


def _kpi(proposal: Proposal) -> list[str]:
    goal = proposal.goal
    lines = ["kpi:", f"  metric: {goal.metric}", *comment(goal.reason, indent=2)]
    if goal.warning:
        lines += comment(goal.warning, indent=2)
    return [*lines, f"  {goal.side}: {scalar(goal.value)}"]
