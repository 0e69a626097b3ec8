"""What a spec says about an A/B test: both models answer for a planned time, and an outcome says which is better."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stageline.spec.problems import refuse
from stageline.spec.values import Column, Duration, Section, SomeTime


class Outcome(Section):
    """What came of an answer, once that is known: bought or not, minutes saved, money earned.

    :param uri: Table that holds the source's keys and the outcomes; default: that of the labels.
    :param column: Its column of outcomes, numbers or true and false. A row without one counts in neither arm.
    :param kind: A `rate` is of zeros and ones; a `mean` of any numbers.
    :param arrived: Its column that says when an outcome came: of several for one row, the newest counts. One that came
        before the row was answered did not come of the answer, and does not count.
    :param delay: How long after the event time an outcome comes, where `arrived` does not say.
    """

    uri: Annotated[str, Field(min_length=1)] | None = None
    column: Column
    kind: Literal["rate", "mean"]
    arrived: Column | None = None
    delay: Duration | None = None


class AbTest(Section):
    """How a candidate that passed all steps of a rollout is compared with the champion before it takes its place.

    :param duration: Planned time; the share of the last step is held for so long, unless it is decided before.
    :param effect: Least difference that matters: of a rate in points, 0.02 for two, below 1; of a mean as a share of
        the champion's.
    :param more_is_better: Whether the larger outcome is the better one.
    :param min_events: Outcomes of either arm below which nothing is decided.
    :param alpha: Share of tests of models that are equally good in which one is ever called better or worse, however
        often one looks.
    :param no_difference: What a candidate gets that is as good as the champion: the champion is kept, or the candidate
        promoted.
    """

    duration: SomeTime
    outcome: Outcome
    effect: Annotated[float, Field(gt=0)]
    more_is_better: bool = True
    min_events: Annotated[int, Field(gt=0)] = 100
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    no_difference: Literal["keep", "promote"] = "keep"

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.outcome.kind == "rate" and self.effect >= 1:
            message = (
                f"{self.effect:g} of a rate is {100 * self.effect:g} points, and rates differ by less than 100: every "
                "pair of models would be alike; two points are 0.02"
            )
            refuse([(("effect",), message)])
        return self
