"""The page of a rollout: what became of a canary, and what each look at it found, from the records only."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from stageline.reporting.charts.rollout_share import MARKS, WORDS, draw_share, shown_looks
from stageline.reporting.formats import SPACE, moment
from stageline.reporting.page import NARROW, WIDE
from stageline.reporting.rollout_content import Action, ArmView, RolloutContent
from stageline.reporting.rollout_headline import headline, lasting
from stageline.reporting.rollout_metrics import metric_cards, test_card
from stageline.reporting.templating import render

MOST_LOOKS = 60
# A rollout shorter than this is told to the second.
_SHORT = timedelta(hours=1)


class _Key(NamedTuple):
    """A mark of the chart, and what it means."""

    action: Action
    path: str
    words: str


def render_rollout_page(content: RolloutContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    It runs no script and loads nothing. Whatever names and values hold is shown as text, cut to a bounded length.
    """
    return render(
        "rollout_page.html.j2",
        content=content,
        headline=headline(content),
        share=[("wide", draw_share(content, WIDE)), ("narrow", draw_share(content, NARROW))],
        keys=[_Key(action, path, WORDS[action]) for action, path in MARKS.items() if _decided(content, action)],
        unmarked=len(content.looks) - len(shown_looks(content.looks)),
        words=WORDS,
        when=_seconds if (content.ended or content.as_of) - content.began < _SHORT else moment,
        cards=metric_cards(content),
        test=test_card(content.ab_test, content) if content.ab_test else None,
        looks=content.looks[::-1][:MOST_LOOKS],
        canary=_together([step.canary for step in content.steps]),
        champion=_together([step.champion for step in content.steps]),
        took=lasting((content.ended or content.as_of) - content.began),
        steps="then ".join([f"{share.percent} % " for share in content.shares[:6]]).strip(),
        most_steps=20,
    )


def _seconds(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}{SPACE}UTC"


def _decided(content: RolloutContent, action: Action) -> bool:
    return any(look.action == action for look in content.looks)


def _together(arms: Sequence[ArmView | None]) -> ArmView | None:
    """Return the rows of all steps; none: of no step they are known."""
    known = [arm for arm in arms if arm is not None]
    errors: dict[str, int] = {}
    for arm in known:
        for kind, count in arm.errors.items():
            errors[kind] = errors.get(kind, 0) + count
    return ArmView(events=sum(arm.events for arm in known), errors=errors) if known else None
