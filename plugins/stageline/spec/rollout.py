"""What a spec says about how traffic moves to a new model: steps, and what each is judged by."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stageline.spec.ab_test import AbTest
from stageline.spec.durations import format_duration
from stageline.spec.problems import refuse
from stageline.spec.values import Section, SomeTime

_Share = Annotated[float, Field(gt=0, lt=1)]
_ALL = 100


class ErrorRate(Section):
    """Answers that are errors: exceptions, values that are not finite, of the wrong shape, or too late.

    :param max_increase: By how much the canary's share may lie above the champion's, 0 to 1.
    :param max: Largest share of the canary's own, 0 to 1; none: only the champion's counts.
    """

    metric: Literal["error_rate"]
    max_increase: _Share = 0.01
    max: _Share | None = None


class Latency(Section):
    """How long answers take.

    :param quantile: Of the answers, 0 to 1.
    :param max_increase: By how much the canary's quantile may lie above the champion's, as a share of that.
    :param max_ms: Largest quantile of the canary's own in milliseconds; none: only the champion's counts.
    """

    metric: Literal["latency"]
    quantile: _Share = 0.99
    max_increase: Annotated[float, Field(gt=0)] = 0.5
    max_ms: Annotated[float, Field(gt=0)] | None = None


class PredictionShift(Section):
    """How differently the models answer at the same time.

    :param max_distance: Largest Kolmogorov-Smirnov distance of the two distributions, 0 to 1; of classes, the largest
        difference of a class's share.
    """

    metric: Literal["predictions"]
    max_distance: _Share = 0.2


class KpiLoss(Section):
    """What is lost by the answers whose true value is known: absolute errors, or classes that are wrong.

    :param max_loss: By how much the canary's mean may lie above the champion's, as a share of that.
    """

    metric: Literal["kpi"]
    max_loss: Annotated[float, Field(gt=0)] = 0.1


RolloutMetric = Annotated[ErrorRate | Latency | PredictionShift | KpiLoss, Field(discriminator="metric")]


class Rollout(Section):
    """How traffic moves to a new model.

    :param steps: Percent of traffic per step, increasing; 0 as the first is a shadow, 100 as the last the promotion.
    :param interval: Time from one look to the next; a step is watched for one at least.
    :param max_failures: Failed looks that are borne; one more undoes the rollout.
    :param min_events: Rows per arm and step below which nothing is decided.
    :param deadline: Time after which a step that is not decided is undone.
    :param alpha: Share of the rollouts of models that are as good as the champion that may be undone, however often
        one looks.
    :param metrics: What is compared with the champion at the same time; default: error_rate and predictions, and
        latency where the target measures it.
    :param ab_test: What has to come of the answers before a candidate is promoted; none: that no harm is seen is
        enough.
    """

    steps: Annotated[tuple[Annotated[int, Field(ge=0, le=100)], ...], Field(min_length=1, strict=False)]
    interval: SomeTime
    max_failures: Annotated[int, Field(ge=0)] = 0
    min_events: Annotated[int, Field(gt=0)] = 100
    deadline: SomeTime
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    metrics: Annotated[tuple[RolloutMetric, ...], Field(strict=False)] = ()
    ab_test: AbTest | None = None

    def after(self, percent: int) -> int:
        """Return the share that follows one, which the plan need not have; 100: the promotion."""
        return next((step for step in self.steps if step > percent), _ALL)

    def patience(self, percent: int) -> timedelta:
        """Return how long a share may be held before it is undone; an A/B test holds the last one.

        :param percent: The share.
        """
        tests = self.ab_test is not None and self.after(percent) == _ALL
        return self.deadline + (self.ab_test.duration if self.ab_test and tests else timedelta())

    @model_validator(mode="after")
    def _steps_increase(self) -> Self:
        refuse(
            (("steps", index), f"steps must increase, but {later} follows {earlier}")
            for index, (earlier, later) in enumerate(pairwise(self.steps), start=1)
            if later <= earlier
        )
        if self.steps[-1] == 0:
            refuse([(("steps",), "a shadow alone moves no traffic; let a step above 0 follow")])
        if self.steps[0] == _ALL:
            refuse([(("steps",), "100 alone leaves no champion to compare with; let a step below 100 come first")])
        names = [metric.metric for metric in self.metrics]
        refuse(
            (("metrics", index, "metric"), f"names {name!r} twice; one entry each")
            for index, name in enumerate(names)
            if name in names[:index]
        )
        if self.deadline < self.interval:
            deadline, interval = format_duration(self.deadline), format_duration(self.interval)
            message = f"{deadline} is shorter than interval = {interval}: a step would be undone unwatched"
            refuse([(("deadline",), message)])
        if self.ab_test is not None and max(step for step in self.steps if step < _ALL) == 0:
            refuse([(("ab_test",), "nobody gets a shadow's answers; let a step above 0 and below 100 come last")])
        if self.ab_test is not None and self.ab_test.duration < self.interval:
            duration, interval = format_duration(self.ab_test.duration), format_duration(self.interval)
            message = f"{duration} is shorter than interval = {interval}: it would end before anybody looks"
            refuse([(("ab_test", "duration"), message)])
        return self
