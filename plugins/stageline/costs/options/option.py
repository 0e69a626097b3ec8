"""What every option says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stageline.costs.plan import Plan
from stageline.costs.state import Served, State
from stageline.costs.usage import Usage


@dataclass(frozen=True)
class Option:
    """One way to get predictions.

    :param name: As it is written in a spec.
    :param words: As people read it.
    :param run_by: `own`: machines that the team runs, rented or bought; `managed`: a cloud's service; `vendor`:
        somebody else's model.
    :param build_hours: Engineer-hours to set it up once, beside the model: an assumption, to be set in the spec.
    :param operate_hours: Engineer-hours a month to keep a small one running: an assumption, too.
    :param use: What it uses of each thing with a price.
    :param misfit: Why it does not fit a plan, as a sentence; none: it fits.
    """

    name: str
    words: str
    run_by: Literal["own", "managed", "vendor"]
    build_hours: float
    operate_hours: float
    use: Callable[[Plan, State, Served], Usage]
    misfit: Callable[[Plan], str | None]

    @property
    def has_own_model(self) -> bool:
        """Whether there is a model to build, train, label and store for."""
        return self.run_by != "vendor"
