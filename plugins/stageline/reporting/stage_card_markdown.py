"""The stage card as Markdown, for a repository, a pull request, or MLflow's description."""

from collections.abc import Iterator

from stageline.reporting.formats import percent
from stageline.reporting.stage_card_content import SectionView, StageCard, TodoView
from stageline.reporting.text import PROSE_CHARACTERS, shown

_BAR = 14
_MOST_POINTS = 7.0
_MARKS = {"earned": "●", "half": "◐", "failed": "✗", "expired": "⌛", "missing": "○"}
_ESCAPES = str.maketrans({**{each: f"\\{each}" for each in "\\`*_[]|"}, "<": "&lt;", ">": "&gt;"})
_STATE = {"earned": "earned", "half": "half", "failed": "failed", "expired": "expired", "missing": "nothing on record"}


def stage_card_markdown(card: StageCard, *, stamp: str = "") -> str:
    """Return the card as GitHub-flavoured Markdown; whatever names and values hold is text in it.

    :param stamp: Where it is on record; empty: nowhere.
    """
    return "\n".join([*_lines(card), *(("", f"This card is {stamp}.") if stamp else ())]) + "\n"


def readiness_summary(card: StageCard) -> str:
    """Return what a pull request shows of the card: verdict, score, and what is to be done."""
    return "\n".join([*_top(card), *_bars(card), "", *_requirements(card), *_todo(card)]) + "\n"


def _lines(card: StageCard) -> Iterator[str]:
    yield from _top(card)
    if card.description:
        yield from (text(card.description), "")
    yield from (*_bars(card), "")
    yield from _requirements(card)
    yield from _todo(card)
    yield from (
        "## Who answers for what",
        "",
        "| | business | model | data | operations | who |",
        "|---|---|---|---|---|---|",
    )
    for duty in card.duties:
        yield f"| {text(duty.duty)} | {' | '.join(duty.parts)} | {text(duty.people)} |"
    yield ""
    for name, found in (("KPI", card.kpi), ("Data", card.data), ("Model", card.model), ("Costs", card.costs)):
        if found:
            yield from (f"## {name}", "", *(f"- {text(each.label)}: {text(each.value)}" for each in found), "")
    if card.risks:
        yield from ("## Open risks", "", *(f"- {text(risk)}" for risk in card.risks), "")
    if card.sections:
        yield from ("## The 28 tests", "")
    for section in card.sections:
        yield from _section(section)
    if card.history:
        yield from ("## History", "")
        yield from (f"- {each.at:%Y-%m-%d %H:%M} UTC, #{each.record}: {text(each.sentence)}" for each in card.history)
        yield ""
    yield f"Records of the ledger up to #{card.upto}, judged at {card.created_at:%Y-%m-%d %H:%M} UTC."


def _top(card: StageCard) -> Iterator[str]:
    score = "no score" if card.score is None else f"score {card.score:g} ({card.band})"
    yield from (f"# {text(card.pipeline)}: stage {card.stage}, {score}", "")
    yield from (f"**{card.verdict.value}**: {text(card.sentence)}", "")
    if card.disagreement:
        yield from (f"**warned**: {text(card.disagreement)}", "")
    if card.next_stage:
        yield from (f"Next: {text(card.next_sentence)}", "")


def _bars(card: StageCard) -> Iterator[str]:
    if not card.sections:
        return
    yield from ("| section | points | of 7 |", "|---|---|---|")
    for section in card.sections:
        full = round(section.points / _MOST_POINTS * _BAR)
        bar = "█" * full + "░" * (_BAR - full)
        yield f"| {section.name} | {section.points:g} | `{bar}` {percent(section.points / _MOST_POINTS)} |"


def _requirements(card: StageCard) -> Iterator[str]:
    if not card.requirements:
        return
    yield from ("| required for | | met | |", "|---|---|---|---|")
    for each in card.requirements:
        met = "yes" if each.met else "**no**"
        yield f"| {each.stage} | {each.code} {text(each.title)} | {met} | {text(each.message)} |"
    yield ""


def _todo(card: StageCard) -> Iterator[str]:
    for title, todos in (
        ("To do", [each for each in card.todo if each.needed]),
        ("Would also count", [each for each in card.todo if not each.needed]),
    ):
        if todos:
            yield from (f"## {title}", "", *map(_todo_line, todos), "")


def _todo_line(each: TodoView) -> str:
    owner = text(each.owner) or "nobody is named"
    how = text(each.blocked) if each.blocked else f"`{text(each.how, code=True)}`"
    return f"- [ ] **{each.code}** {text(each.title)} ({owner}, about {each.minutes} min): {how}"


def _section(section: SectionView) -> Iterator[str]:
    yield from (
        f"### {section.name.capitalize()}: {section.points:g}",
        "",
        "| | test | points | evidence |",
        "|---|---|---|---|",
    )
    for test in section.tests:
        records = ", ".join(f"#{position}" for position in test.records)
        found = f"{text(test.message)}{f' ({records})' if records else ''}"
        mark = f"{_MARKS[test.state]} {_STATE[test.state]}"
        yield f"| {mark} | {test.code} {text(test.title)} | {test.points:g} | {found} |"
    yield ""


def text(value: str, *, code: bool = False) -> str:
    """Return a text that Markdown shows as it is, on one line.

    :param code: Whether it stands in backticks.
    """
    line = shown(value, PROSE_CHARACTERS) if value else ""
    if code:
        return line.replace("`", "'").replace("|", "\\|")
    return line.translate(_ESCAPES)
