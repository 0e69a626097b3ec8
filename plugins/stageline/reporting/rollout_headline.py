"""What a rollout comes to in one sentence: what became of the canary, and why."""

from datetime import timedelta
from typing import NamedTuple

from stageline.reporting.formats import SPACE, moment, whole
from stageline.reporting.rollout_content import Action, RolloutContent, State
from stageline.verdicts import Verdict

_TONES: dict[State, tuple[Verdict, str]] = {
    "under_way": (Verdict.INCONCLUSIVE, "under way"),
    "promoted": (Verdict.PASSED, "promoted"),
    "undone": (Verdict.FAILED, "undone"),
    "taken_back": (Verdict.FAILED, "promoted, then taken back"),
    "superseded": (Verdict.WARNED, "ended by another release"),
}
# What a look decided is on record before it is done.
_DOING: dict[Action, str] = {
    "hold": "is held at {} of the traffic",
    "advance": "goes on from {} of the traffic to its next step",
    "promote": "is about to be promoted from {} of the traffic",
    "roll_back": "is about to leave the traffic, of which it has {}",
}
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


class Headline(NamedTuple):
    """The top of the page.

    :param tone: Verdict whose colours it has.
    :param word: The state in a word or a few.
    :param what: What became of the canary.
    :param why: Why; empty where no record says.
    """

    tone: Verdict
    word: str
    what: str
    why: str

    @property
    def sentence(self) -> str:
        """What became of it, and why."""
        return f"{self.what}: {self.why}" if self.why else self.what


def headline(content: RolloutContent) -> Headline:
    """Return state and sentence of a rollout."""
    tone, word = _TONES[content.state]
    why = content.reason
    if content.deadline and _newest(content) == "hold":
        due = f"undecided, it is undone at {moment(content.deadline)}"
        why = f"{why or 'nobody has looked yet'}; {due}"
    return Headline(tone, word, _what(content), why)


def lasting(time: timedelta) -> str:
    """Return a length of time in its two largest units, e.g. `5 h 12 min`."""
    rest, parts = max(int(time.total_seconds()), 0), list[tuple[int, str]]()
    for seconds, unit in _UNITS:
        count, rest = divmod(rest, seconds)
        if count or parts:
            parts.append((count, unit))
    shown = [f"{whole(count)}{SPACE}{unit}" for count, unit in parts[:2] if count]
    return " ".join(shown) or f"0{SPACE}s"


def _what(content: RolloutContent) -> str:
    tried, percent = f"Version {content.candidate.version}", f"{content.shares[-1].percent}{SPACE}%"
    before = f"version {content.champion.version}" if content.champion else "the champion"
    by = f" by {content.actor}" if content.actor else ""
    match content.state:
        case "under_way":
            return f"{tried} {_DOING[_newest(content)].format(percent)}, beside {before}"
        case "promoted":
            return f"{tried} is the champion, in the place of {before}"
        case "taken_back":
            return f"{tried} became the champion, and was rolled back{by}"
        case "superseded":
            return f"{tried} left the traffic at {percent}, as the champion was changed{by}"
        case _:
            return f"{tried} was taken out of the traffic at {percent}{by}; {before} stays the champion"


def _newest(content: RolloutContent) -> Action:
    """Return what the newest look decided; before the first, the canary is held."""
    return content.looks[-1].action if content.looks else "hold"
