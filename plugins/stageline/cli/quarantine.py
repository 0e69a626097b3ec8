"""The command about rows that were put aside."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.project import ProjectOption, console, pipelines_folder, refusing, settings_of, user
from stageline.exceptions import DataError, SpecError

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.spec import LoadedSpec
    from stageline.tables.quarantine import ListedRow
    from stageline.tables.quarantined_rows import QuarantinedRow

_SHOWN_REASONS = 3


def quarantine(
    name: Annotated[str, typer.Argument(help="Name of the pipeline, or what a table is recorded under.")],
    release: Annotated[
        list[str] | None, typer.Option("--release", help="Id of a row to let in again, or its beginning; repeatable.")
    ] = None,
    show: Annotated[list[str] | None, typer.Option("--show", help="Id of a row to show with its values.")] = None,
    limit: Annotated[int, typer.Option(help="Rows listed, those last seen first.", min=1)] = 30,
    project: ProjectOption = Path(),
) -> None:
    """List the rows that were put aside, or let some in again; the next run takes them."""
    from stageline.ledger import Ledger
    from stageline.operators.releases import released_ids
    from stageline.tables.quarantine import QuarantineStore

    with refusing():
        settings = settings_of(project)
        with Ledger.open(settings.ledger_url) as ledger:
            known = ledger.pipelines()
            if name not in known:
                raise SpecError(f"the ledger knows no run of {name!r}; it knows: {', '.join(known) or 'none yet'}")
            if release and show:
                raise SpecError("--show and --release are asked for at once; give one of them")
            store = QuarantineStore(settings.tables / name / "quarantine")
            if release:
                _release(ledger, name, store.find(release), _spec_of(name, project))
            elif show:
                spec = _spec_of(name, project)
                for row in store.find(show):
                    _show(row, _private(ledger, name, row, spec))
            else:
                _list(store.listing(), released_ids(ledger, name), limit)


def _list(rows: "Sequence[ListedRow]", released: set[str], limit: int) -> None:
    for row in rows[:limit]:
        where = f"line {row.line:,}" if row.line is not None else "a row"
        where = f"row {row.position + 1:,}" if row.position is not None else where
        reasons = "; ".join(row.reasons[:_SHOWN_REASONS]) + ("; …" if len(row.reasons) > _SHOWN_REASONS else "")
        state = "[green]let in[/green]  " if row.id in released else ""
        times = f"{row.times_seen} run{'s' if row.times_seen > 1 else ''}"
        console.print(
            f"[bold]{escape(row.id)}[/bold]  {state}{escape(row.source)} {where}  {escape(reasons)}  "
            f"[dim]{times}, last {row.last_seen:%Y-%m-%d %H:%M}[/dim]"
        )
    more = f", the {limit} last seen shown" if len(rows) > limit else ""
    console.print(f"{len(rows):,} row{'' if len(rows) == 1 else 's'} in quarantine{more}")


def _private(ledger: "Ledger", name: str, row: "QuarantinedRow", loaded: "LoadedSpec | None") -> set[str]:
    """Return the columns that are private by the spec, or were when the row was put aside: a table has no spec."""
    records = ledger.records(name, step="quality", run_id=row.dag_run) or ledger.records(name, step="quality", limit=1)
    private = set(loaded.spec.source.private) if loaded else set()
    for record in records:
        private.update((record.evidence.get("evidence") or {}).get("private") or ())
    return private


def _show(row: "QuarantinedRow", private: set[str]) -> None:
    from stageline.quality.wording import as_name

    console.print(f"[bold]{escape(row.id)}[/bold]  {escape('; '.join(row.reasons))}")
    for column, value in row.values.items():
        # A line that is no row may hold a private value anywhere.
        hidden = column in private or (row.line is not None and private)
        shown = "[dim]private[/dim]" if hidden else "[dim]null[/dim]" if value is None else escape(repr(value))
        console.print(f"  {escape(as_name(column) if column else 'line'):<20} {shown}")


def _release(ledger: "Ledger", name: str, rows: "Sequence[QuarantinedRow]", loaded: "LoadedSpec | None") -> None:
    from stageline.operators.releases import release_rows
    from stageline.tables.restoring import release_problem

    if loaded is None:
        raise SpecError(f"{name!r} is no pipeline of this project: only a pipeline's runs take rows in again")
    spec = loaded.spec
    apart = {*spec.source.keys, *spec.features.exclude, spec.source.event_time}
    problems = {
        row.id: problem
        for row in rows
        if (problem := release_problem(row, finite=[column for column in row.types if column not in apart]))
    }
    if problems:
        raise DataError("; ".join(f"row {id_!r} cannot be let in: {why}" for id_, why in problems.items()))
    record = release_rows(ledger, loaded, [row.id for row in rows], actor=user())
    console.print(f"{escape(record.sentence)}; recorded as #{record.position}. The next run takes them.")


def _spec_of(name: str, project: Path) -> "LoadedSpec | None":
    from stageline.spec import load_pipeline, pipeline_names

    folder = pipelines_folder(project)
    return load_pipeline(name, folder) if name in pipeline_names(folder) else None
