"""The commands about costs: what serving would cost at each load, and which way to serve is cheapest."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.asked import asked
from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    opened_ledger,
    pipelines_folder,
    refusing,
    settings_of,
    user,
)
from stageline.exceptions import CostError

if TYPE_CHECKING:
    from stageline.costs.compare import Comparison
    from stageline.costs.prices import Prices
    from stageline.ledger import Record
    from stageline.operators.cost_analysis import Analysis

app = typer.Typer(no_args_is_help=True, help="What a pipeline costs, and what it would cost.")

_SIZES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_LOAD = re.compile(r"([0-9]+(?:\.[0-9]+)?)([kmb]?)", re.IGNORECASE)
_MOST_YEARS = 10

Requests = Annotated[
    str, typer.Option("--requests", help="Requests a month to look at, from..to, e.g. 1k..1B (k, M, B).")
]
Years = Annotated[float, typer.Option("--years", min=1 / 12, max=_MOST_YEARS, help="How far to look.")]
Load = Annotated[
    str | None, typer.Option("--load", help="Requests a month at the start; default: as the spec says, or measured.")
]
Pull = Annotated[
    list[str] | None, typer.Option("--lever", help="A lever to pull, again and again, beside those of the spec.")
]
Page = Annotated[Path | None, typer.Option("--page", help="Write a page with charts to this file.", dir_okay=False)]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the draws.")]
Keep = Annotated[bool, typer.Option("--record", help="Keep the forecast on record: readiness asks for it (SL-L004).")]


@app.callback()
def _group() -> None:
    """Show prices, measure a model, simulate and compare what predictions cost."""


@app.command()
def prices(project: ProjectOption = Path()) -> None:
    """Show the prices that costs are computed with, where each was read, and until when they are stated to hold."""
    from stageline.costs.prices import NAMES, load_prices, outdated

    with refusing():
        found = load_prices(project.resolve())
    until = f", stated to hold until {found.valid_until}" if found.valid_until else ""
    console.print(f"as of {found.as_of}{until}, in {found.currency}")
    for name in NAMES:
        price = found[name]
        steps = " / ".join(f"{value:.8f}".rstrip("0").rstrip(".") for _, _, value in price.steps)
        console.print(
            f"  [bold]{name}[/bold]  {steps} {escape(price.unit)}  [dim]{escape(price.source)}[/dim]", soft_wrap=True
        )
    if warning := outdated(found):
        console.print(f"[yellow]{escape(warning)}[/yellow]")


@app.command()
def measure(name: NameArgument, project: ProjectOption = Path()) -> None:
    """Time the newest run's model by the size of a request and by how many come at once, and keep it on record."""
    from stageline.spec import load_pipeline

    with refusing():
        loaded = load_pipeline(name, pipelines_folder(project))
        settings = settings_of(project)
        with opened_ledger(project) as ledger:
            from stageline.operators.cost_measurement import measure_newest

            found = measure_newest(loaded, settings, ledger, actor=user())
    for point in found.points:
        at_once = f", {point.concurrency} at once" if point.concurrency > 1 else ""
        console.print(f"  {point.rows:>5,} rows{at_once}: {1_000 * point.seconds:,.3g} ms")
    console.print(f"99 of 100 single rows within {found.p99_ms:,.3g} ms; on record for `stageline costs`")


@app.command()
def simulate(
    name: NameArgument,
    *,
    requests: Requests = "1k..1B",
    years: Years = 3,
    load: Load = None,
    lever: Pull = None,
    page: Page = None,
    seed: Seed = 0,
    record: Keep = False,
    project: ProjectOption = Path(),
) -> None:
    """Show what a month costs at each load, where the marginal cost turns, and what matters most."""
    from stageline.costs.usage import CATEGORIES

    with refusing():
        asked_for = _Asked(requests, years, load, tuple(lever or ()), seed)
        analysis, kept = _analysis(name, asked_for, record=record, project=project)
        _write(analysis, page)
    _head(analysis)
    for curve in analysis.curves:
        ends = ", ".join(
            f"{_figure(each)} requests: {curve.per_1000[curve.loads.index(each)]:,.4g}" for each in curve.loads[::16]
        )
        console.print(f"\n[bold]{escape(curve.words)}[/bold], {analysis.currency} per 1,000 predictions")
        console.print(f"  {ends}")
        dominant = "; ".join(f"from {_figure(at)} on {what}" for at, what in curve.dominant if what in CATEGORIES)
        console.print(f"  largest part: {dominant}")
        if curve.turn:
            console.print(
                f"  the marginal cost rises from {curve.turn.lowest:,.3g} at {_figure(curve.turn.rises_from)} to "
                f"{curve.turn.highest:,.3g} at {_figure(curve.turn.falls_from)} requests a month, then falls"
            )
    console.print("\n[bold]What matters most[/bold], from one end of its band to the other")
    for swing in analysis.swings:
        console.print(f"  {swing.words}: {analysis.currency} {swing.at_low:,.0f} to {swing.at_high:,.0f}")
    console.print("\n[bold]Levers[/bold], each alone")
    for saving in analysis.savings:
        console.print(f"  {saving.lever}: {analysis.currency} {saving.saved:,.0f} less ({saving.share:.0%})")
    _tail(analysis, kept)


@app.command()
def compare(
    name: NameArgument,
    *,
    requests: Requests = "1k..1B",
    years: Years = 3,
    load: Load = None,
    lever: Pull = None,
    page: Page = None,
    seed: Seed = 0,
    record: Keep = False,
    project: ProjectOption = Path(),
) -> None:
    """Compare the ways to get predictions over the years, development and operation included.

    Ends with 1 if the pipeline is in production and 1,000 predictions cost more than costs.max_per_1000.
    """
    with refusing():
        asked_for = _Asked(requests, years, load, tuple(lever or ()), seed)
        analysis, kept = _analysis(name, asked_for, record=record, project=project)
        _write(analysis, page)
    _head(analysis)
    _options(analysis.comparison)
    for each in analysis.comparison.break_evens:
        console.print(f"from {_figure(each.load)} requests a month on {each.after} is cheaper than {each.before}")
    building = analysis.comparison.building
    if building:
        surely = (
            f"; in 80 % of the draws from {_figure(building.pays_surely_from)} on" if building.pays_surely_from else ""
        )
        pays = (
            f"from {_figure(building.pays_from)} requests a month on"
            if building.pays_from
            else "at none of these loads"
        )
        console.print(f"a model of one's own pays {pays}{surely}")
    _tail(analysis, kept)
    if analysis.gate.effect is not None and not analysis.gate.effect.advances:
        raise typer.Exit(1)


def loads_of(text: str) -> tuple[float, float]:
    """Return the ends of a range of loads such as `1k..1B`, in requests a month.

    :raises CostError: It is no such range.
    """
    first, dots, last = text.partition("..")
    ends = [_load(each) for each in (first, last)]
    if not dots or not 0 < ends[0] < ends[1]:
        raise CostError(f"--requests is {text!r}; expected two ascending loads above 0, e.g. 1k..1B")
    return ends[0], ends[1]


def _load(text: str) -> float:
    match = _LOAD.fullmatch(text.strip())
    if match is None:
        raise CostError(f"{text!r} is no number of requests a month; expected e.g. 500, 1k, 2.5M or 1B")
    return float(match[1]) * _SIZES[match[2].lower()]


@dataclass(frozen=True)
class _Asked:
    """What was typed."""

    requests: str
    years: float
    load: str | None
    levers: tuple[str, ...]
    seed: int


def _analysis(name: str, given: _Asked, *, record: bool, project: Path) -> "tuple[Analysis, Record | None]":
    """Return the analysis, and the record of its forecast where one was asked for."""
    from stageline.costs.levers import check_levers
    from stageline.costs.prices import load_prices
    from stageline.spec import load_pipeline

    ends = loads_of(given.requests)
    load = None if given.load is None else _load(given.load)
    check_levers(given.levers)
    loaded = load_pipeline(name, pipelines_folder(project))
    prices = load_prices(loaded.project)
    _warn(prices)
    settings = settings_of(project)
    with opened_ledger(project) as ledger:
        from stageline.operators.cost_analysis import analyse
        from stageline.operators.cost_forecast import append_forecast
        from stageline.operators.cost_grounds import Grounds

        run = asked(loaded, settings, ledger, "costs")
        grounds = Grounds.of(run)
        analysis = analyse(
            loaded.spec, grounds.measured, prices, loads=ends, months=max(1, round(given.years * 12)), load=load,
            levers=given.levers, seed=given.seed,
        )  # fmt: skip
        if not record:
            return analysis, None
        return analysis, append_forecast(run, analysis, grounds, datetime.now(UTC))


def _warn(prices: "Prices") -> None:
    from stageline.costs.prices import outdated

    old = outdated(prices)
    if old:
        console.print(f"[yellow]warning:[/yellow] {escape(old)}")


def _head(analysis: "Analysis") -> None:
    load = _figure(analysis.plan.traffic.requests_per_month)
    console.print(
        f"[bold]{escape(analysis.pipeline)}[/bold]: {load} requests a month, over {analysis.months} "
        f"months; measured: {escape('; '.join(analysis.measured))}"
    )


def _options(comparison: "Comparison") -> None:
    fitting = comparison.simulation.fitting()
    for one in fitting:
        spread, each = one.spread, comparison.simulation.per_1000(one.name)
        console.print(
            f"  {one.words:<30} {comparison.simulation.currency} {spread.mean:>14,.0f}  ({spread.low:,.0f} to "
            f"{spread.high:,.0f}), {each.mean:,.4g} per 1,000, cheapest in {comparison.cheapest_in[one.name]:.0%}"
        )
    for one in comparison.simulation.options.values():
        if one.misfit:
            console.print(f"  [dim]{one.words:<30} does not fit: {escape(one.misfit)}[/dim]")


def _tail(analysis: "Analysis", kept: "Record | None") -> None:
    shares, month = analysis.shares, analysis.today.money()
    told = [
        *([f"{analysis.currency} {shares.per_customer:,.2f} a customer"] if shares.per_customer is not None else []),
        *([f"{shares.of_revenue:.1%} of the revenue"] if shares.of_revenue is not None else []),
        *([f"cost centre {shares.cost_centre}"] if shares.cost_centre else []),
    ]
    console.print(f"a month today: {month}{escape(', '.join(['', *told]))}")
    if analysis.gate.effect is not None:
        colour = {"passed": "green", "warned": "yellow"}.get(analysis.gate.effect.value, "red")
        console.print(f"[{colour}]{analysis.gate.effect.value}[/]  {escape(analysis.gate.message)}")
    console.print(f"\n[bold]{escape(analysis.recommendation)}[/bold]")
    console.print(f"assumed: {escape('; '.join(analysis.assumed) or 'nothing')}")
    if kept is not None:
        console.print(f"forecast recorded as #{kept.position}")


def _write(analysis: "Analysis", page: Path | None) -> None:
    if page is None:
        return
    from stageline.operators.cost_page_content import cost_page_content
    from stageline.reporting.cost_page import render_cost_page

    page.write_text(render_cost_page(cost_page_content(analysis, datetime.now(UTC))), encoding="utf-8")


def _figure(load: float) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if load >= size:
            return f"{load / size:.3g}{letter}"
    return f"{load:.3g}"
