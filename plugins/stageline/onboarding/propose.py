"""A pipeline's YAML file proposed from its data; every line says what in the data it rests on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.leakage.leaks import Leak, find_leaks
from stageline.onboarding.columns import ColumnRoles, find_roles
from stageline.onboarding.estimator_choice import choose_estimator
from stageline.onboarding.goals import propose_goal
from stageline.onboarding.layout import Proposal, render
from stageline.onboarding.scaffold import check_name
from stageline.onboarding.target_task import task_of
from stageline.spec.models import Features, Kpi, PipelineSpec, Source, Stage, Target, Task, Train
from stageline.tables import SourceTable, feature_columns, require_usable
from stageline.tables.wording import printable, shown

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.quality import ProposedExpectation

# What stageline.features derives from the event time; a column of that name would clash.
_CALENDAR = frozenset({"event_hour", "event_weekday", "event_month", "event_day"})


@dataclass(frozen=True)
class ProposedSpec:
    """A proposed spec.

    :param text: The YAML file.
    :param notes: Sentences for the terminal, the leaks first.
    """

    text: str
    notes: tuple[str, ...]


def propose_spec(
    name: str, table: SourceTable, *, uri: str, target: str, event_time: str | None = None
) -> ProposedSpec:
    """Propose a spec of stage `poc` that loads and that the table satisfies.

    :param name: The pipeline's name.
    :param uri: How the spec names the source.
    :param event_time: Column that says when a row happened; left out, the only column of dates is taken.
    :raises SpecError: The name is not allowed.
    :raises DataError: The target or event time is no column, or the data allow no model.
    """
    check_name(name)
    data = table.table
    blank = [position for position, column in enumerate(data.column_names, start=1) if not column.strip()]
    if blank:
        raise DataError(f"{uri!r}: column {blank[0]} has a blank name, which no spec can name; rename it")
    roles = find_roles(data, target, event_time)
    kind = task_of(data[target])
    apart = {*roles.excluded, *roles.keys, roles.event_time or target}
    leaks = find_leaks(data, target, task=kind.task, apart=apart)
    left_out = {column: leak for leak in leaks for column in leak.columns}
    exclude = {column: f"gives the target away: {leak.sentence}" for column, leak in left_out.items()}
    exclude |= roles.excluded
    draft = _draft(name, data, Target(column=target, task=kind.task, positive=kind.positive), roles, exclude, uri=uri)
    _require_usable(data, draft, leaks)
    goal = propose_goal(data, draft, kind)
    proposal = Proposal(
        name=name,
        uri=uri,
        rows=data.num_rows,
        columns=data.num_columns,
        target=target,
        task=kind,
        roles=roles,
        exclude=exclude,
        features=len(feature_columns(data, draft)),
        calendar=draft.features.calendar,
        expectations=_expectations(data, draft),
        estimator=choose_estimator(kind.task, data.num_rows),
        goal=goal,
    )
    return ProposedSpec(render(proposal), _notes(proposal, leaks))


def _draft(
    name: str, table: "pa.Table", target: Target, roles: ColumnRoles, exclude: Iterable[str], *, uri: str
) -> PipelineSpec:
    """Return the spec as far as it is known before the goal is: enough to judge the table."""
    left_out = tuple(exclude)
    clash = roles.event_time is not None and not _CALENDAR.isdisjoint({*table.column_names} - {*left_out})
    return PipelineSpec(
        pipeline=name,
        stage=Stage.POC,
        source=Source(uri=uri, event_time=roles.event_time, keys=roles.keys),
        target=target,
        features=Features(exclude=left_out, calendar=not clash),
        train=Train(estimator=choose_estimator(target.task, table.num_rows).path),
        kpi=Kpi(metric="r2_score" if target.task is Task.REGRESSION else "accuracy_score", min=0),
    )


def _require_usable(table: "pa.Table", draft: PipelineSpec, leaks: list[Leak]) -> None:
    try:
        require_usable(table, draft, name=draft.source.uri)
    except DataError as error:
        if not leaks:
            raise
        seen = "; ".join(leak.sentence for leak in leaks)
        raise DataError(f"{error}; left out because they give the target away: {seen}") from error


def _expectations(table: "pa.Table", draft: PipelineSpec) -> "tuple[ProposedExpectation, ...]":
    from stageline.quality import propose_expectations

    return tuple(
        propose_expectations(
            table.to_pandas(),
            keys=draft.source.keys,
            event_time=draft.source.event_time,
            target=draft.target.column,
            exclude=draft.features.exclude,
        )
    )


def _notes(proposal: Proposal, leaks: list[Leak]) -> tuple[str, ...]:
    notes = [
        f"Leak: {leak.sentence}; left out: {', '.join(map(shown, leak.columns))}. A column that is known "
        "before the prediction is made is no leak: then move it from features.exclude to features.known_before."
        for leak in leaks
    ]
    roles = proposal.roles
    notes.append(f"Target {shown(proposal.target)}: {proposal.task.task.value}; {proposal.task.reason}.")
    if roles.event_time:
        notes.append(f"Event time {shown(roles.event_time)}: {roles.event_time_reason}.")
    else:
        candidates = f": {', '.join(map(shown, roles.time_candidates))}" if roles.time_candidates else ""
        notes.append(f"No event time: {roles.event_time_reason}{candidates}; rows are held out at random.")
    notes.append(f"Keys: {', '.join(map(shown, roles.keys)) or 'none'}; {roles.keys_reason}.")
    notes += [f"Left out: {shown(column)}; {reason}." for column, reason in roles.excluded.items()]
    goal = proposal.goal
    notes.append(f"KPI: {goal.metric} {goal.side} {goal.value:g}; {goal.reason}.")
    notes += [f"Look at the KPI: {goal.warning}."] if goal.warning else []
    return tuple(printable(note) for note in notes)
