"""The demo's pipeline in production: a canary that is promoted in steps, and one that its losses give away."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stageline.demo.calendar import Window, write_window
from stageline.standalone.narrator import Narrator

PIPELINE, SOURCE = "hourly_demand_production", "hourly_demand_in_production"
TRAIN, SCORE = f"{PIPELINE}.train", f"{PIPELINE}.score"


@dataclass(frozen=True)
class Act:
    """One training in production, and what comes in while its model is tried.

    :param title: What happened before it.
    :param window: Hours that the source holds by then.
    :param live: Of each share in percent that the canary gets, the hours that the source holds when they are scored.
    :param released: Whether the model ends as the champion.
    """

    title: str
    window: Window
    live: Mapping[int, Window]
    released: bool


ACTS = (
    Act("Nine months of rides: the first model, with no champion yet", Window("2024-01-01", "2024-10-01"), {}, True),
    Act(
        "Nine months more: a new model gets 25 %, then 50 %, then everything",
        Window("2024-01-01", "2025-07-01"),
        {25: Window("2024-01-01", "2025-08-01"), 50: Window("2024-01-01", "2025-09-01")},
        True,
    ),
    Act(
        "A join counts rides twice, and is mended only when a model has learnt from it",
        Window("2024-01-01", "2025-10-01", counted_twice=True),
        {25: Window("2024-01-01", "2025-11-01")},
        False,
    ),
)


@dataclass
class Trial:
    """A canary's way through its shares: at each, time goes on, and the new hours are scored.

    :param shares: What the canary got so far, in percent.
    :param scored: Whether each scoring ended well.
    """

    narrator: Narrator
    act: Act
    shares: list[int] = field(default_factory=list)
    scored: bool = True

    def go_on(self) -> None:
        """Score if the canary has got another share."""
        canary = self.narrator.head(PIPELINE).canary
        if canary is None or canary.percent in self.shares:
            return
        self.shares.append(canary.percent)
        if canary.percent in self.act.live:
            write_window(self.narrator.home.calendars, SOURCE, self.act.live[canary.percent])
        self.scored = self.narrator.succeeds(self.narrator.start(SCORE)) and self.scored

    def as_told(self, *, released: bool) -> bool:
        """Return whether the canary got the shares of the act and no more, and is gone.

        :param released: Whether the training ended well.
        """
        gone = self.narrator.head(PIPELINE).canary is None
        return self.scored and gone and self.shares == list(self.act.live) and released is self.act.released


def tell(narrator: Narrator) -> bool:
    """Play all acts; return whether each ended as it should.

    :raises StandaloneError: A server goes away, or a run takes too long.
    """
    if narrator.told_before(PIPELINE):
        return True
    narrator.unpause(SCORE)
    good = True
    for number, act in enumerate(ACTS, start=1):
        narrator.begin(f"Production, {number} of {len(ACTS)}", act.title)
        write_window(narrator.home.calendars, SOURCE, act.window)
        trial, run = Trial(narrator, act), narrator.start(TRAIN)
        released = narrator.follow(run, beside=trial.go_on) == "success"
        narrator.show(run)
        good = trial.as_told(released=released) and good
        if released:
            # Before the next act, which moves time on.
            good = narrator.succeeds(narrator.next_of(SCORE, run)) and good
    narrator.command("rollout", PIPELINE)
    narrator.command("verify", PIPELINE)
    narrator.command("history", PIPELINE, "--releases")
    return good
