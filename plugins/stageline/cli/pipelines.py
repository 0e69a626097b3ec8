"""The commands about pipelines: propose, check, show, run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    errors,
    pipelines_folder,
    refusing,
    shown,
)
from stageline.exceptions import Refusal, SpecError, StagelineError

if TYPE_CHECKING:
    from stageline.spec import PipelineSpec


def init(
    name: NameArgument,
    source: Annotated[str, typer.Option("--from", help="CSV or Parquet file, sklearn://NAME or demo://NAME.")],
    target: Annotated[str, typer.Option("--target", help="Column to predict.")],
    event_time: Annotated[str | None, typer.Option("--event-time", help="Column that says when.")] = None,
    project: ProjectOption = Path(),
) -> None:
    """Propose a pipeline for a table, with what in the data each proposal rests on."""
    from stageline.onboarding import init_pipeline

    with refusing():
        result = init_pipeline(project.resolve(), name, source, target, event_time)
    for note in result.notes:
        console.print(f"[yellow]•[/yellow] {escape(note)}")
    for path in result.written:
        console.print(f"wrote {escape(shown(path))}")
    console.print(f"next: read {escape(shown(result.spec_path))}, then [bold]stageline run {name}[/bold]")


def validate(
    names: Annotated[list[str] | None, typer.Argument(help="Names of pipelines; none: all.")] = None,
    data: Annotated[bool, typer.Option("--data", help="Read the source too.")] = False,
    project: ProjectOption = Path(),
) -> None:
    """Check specs: keys, values, what the stage requires, the estimator and its parameters."""
    from stageline.spec import pipeline_names

    with refusing():
        folder = pipelines_folder(project)
        chosen = names or list(pipeline_names(folder))
        if not chosen:
            raise SpecError(f"{shown(folder)}: there is no pipeline; make one with: stageline init")
    broken = 0
    for name in chosen:
        try:
            console.print(f"[green]valid[/green]   {escape(_validate(name, folder, data=data))}")
        except StagelineError as error:
            broken += 1
            errors.print(f"[red]broken[/red]  {escape(str(error))}")
    if broken:
        raise typer.Exit(1)


def _validate(name: str, folder: Path, *, data: bool) -> str:
    from stageline.spec import load_pipeline
    from stageline.tables import read_source, require_usable
    from stageline.tables.parsed_file import tell_rejected
    from stageline.training import check_estimator

    loaded = load_pipeline(name, folder)
    try:
        if loaded.spec.schedule:
            _check_schedule(loaded.spec, folder)
        check_estimator(loaded.spec)
        if not data:
            return f"{name} ({loaded.spec.stage.value})"
        source = read_source(loaded.spec.source.uri, loaded.project)
        require_usable(source.table, loaded.spec, name=source.uri)
    except Refusal as refusal:
        raise type(refusal)(f"{shown(loaded.path)}: {refusal}") from refusal
    ragged = f"; the run will quarantine {tell_rejected(source.rejected)}" if source.rejected else ""
    return f"{name} ({loaded.spec.stage.value}), {source.table.num_rows:,} rows{ragged}"


def _check_schedule(spec: "PipelineSpec", folder: Path) -> None:
    from stageline.local_run import prepare_environment

    prepare_environment(folder)
    from stageline.templates import build_dags

    build_dags(spec)


def plan(
    names: Annotated[list[str] | None, typer.Argument(help="Names of pipelines; none: all.")] = None,
    project: ProjectOption = Path(),
) -> None:
    """Show the tasks of each DAG, stage by stage, without running anything."""
    from stageline.local_run import prepare_environment
    from stageline.spec import Stage, load_pipeline, missing_for, pipeline_names

    with refusing():
        folder = pipelines_folder(project)
        prepare_environment(folder)
        from stageline.templates import build_stage

        for name in names or pipeline_names(folder):
            spec = load_pipeline(name, folder).spec
            tree = Tree(f"[bold]{name}[/bold]")
            for stage in Stage:
                here = " [green](declared)[/green]" if stage is spec.stage else ""
                missing = missing_for(spec, stage)
                lacking = f", the spec lacks {', '.join(missing)}" if missing else ""
                branch = tree.add(f"{stage.value}{here}{lacking}")
                for dag in build_stage(spec, stage):
                    leaf = branch.add(f"DAG {dag.dag_id}")
                    for task in dag.topological_sort():
                        after = ", ".join(sorted(task.upstream_task_ids))
                        what = (type(task).__doc__ or "").strip().splitlines()[0]
                        leaf.add(f"{task.task_id}{f'  after {after}' if after else ''}  [dim]{escape(what)}[/dim]")
            console.print(tree, no_wrap=True, overflow="ignore", crop=False)


def run(name: NameArgument, project: ProjectOption = Path()) -> None:
    """Run the pipeline's DAG in this process."""
    from stageline.local_run import prepare_environment, run_pipeline

    with refusing():
        folder = pipelines_folder(project)
        prepare_environment(folder, logging_level="INFO")
        outcome = run_pipeline(name, folder, console)
    if outcome.sentence:
        console.print(f"\n{escape(outcome.sentence)}\n")
    for label, where in outcome.places.items():
        console.print(f"{label:<8} {escape(where)}")
    if not outcome.succeeded:
        raise typer.Exit(1)
