"""What a spec says about costs: load, what answers have to keep to, growth, people, labels, hardware, the gate."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from stageline.spec.problems import refuse
from stageline.spec.values import FromYaml, Section, SomeTime

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]

OptionName = Literal[
    "batch", "http", "sagemaker_realtime", "sagemaker_serverless", "sagemaker_async", "sagemaker_batch", "on_premise",
    "vendor",
]  # fmt: skip
LeverName = Literal["sampling", "batching", "cache", "smaller_model", "spot", "capped_peak", "reserved"]


class Range(Section):
    """A number that lies between `low` and `high` in eight of ten cases.

    :param low: A tenth lies below.
    :param mid: Half lies below.
    :param high: A tenth lies above.
    """

    low: float
    mid: float
    high: float

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if not self.low <= self.mid <= self.high:
            refuse([((), f"found {self.low:g}, {self.mid:g}, {self.high:g}; expected low, mid and high to ascend")])
        return self


class People(Section):
    """The engineers' hours; what an hour costs stands in `config/prices.yaml`.

    :param build_hours: Engineer-hours spent once to make the model, beside what an option takes to set up.
    :param improve_hours: Engineer-hours a month to make it better.
    """

    build_hours: NotNegative = 160.0
    improve_hours: NotNegative = 8.0


class Labelling(Section):
    """The labels that people have to make; those that come by themselves are left out.

    :param labels_per_month: Made each month for each variant.
    :param alarms_per_month: Alarms of drift that each variant is expected to raise.
    :param labels_per_alarm: Labels that each of them asks for.
    :param max_per_month: Budget of labels a month.
    """

    labels_per_month: NotNegative = 0.0
    alarms_per_month: NotNegative = 0.0
    labels_per_alarm: NotNegative = 0.0
    max_per_month: NotNegative | None = None


class OwnServer(Section):
    """A server of one's own; what it costs stands in `config/prices.yaml`.

    :param vcpus: Requests it works on at once.
    :param memory_gib: GiB.
    :param watts: Mean draw at the socket, cooling included.
    :param life_months: Months until it is sold or scrapped.
    :param resale_share: Share of its price that it is sold for then, 0 to below 1.
    """

    vcpus: Annotated[int, Field(gt=0)] = 16
    memory_gib: Positive = 64.0
    watts: NotNegative = 250.0
    life_months: Positive = 48.0
    resale_share: Annotated[float, Field(ge=0, lt=1)] = 0.15


class Costs(Section):
    """What costs are computed from beside what runs measure, and where they end.

    :param currency: ISO 4217 code of all money in this section; the prices have to be in it, too.
    :param requests_per_month: At the start; default: as many as the source has rows a month.
    :param rows_per_request: Predictions that one request asks for.
    :param peak_to_mean: Rate of the busiest hours over the mean; default 3.
    :param active_share: Share of the hours in which requests come.
    :param max_latency_ms: Milliseconds within which answers have to come; none: they may wait.
    :param latency_share: Share of the answers for which that holds, below 1.
    :param max_age: How long an answer may take where none has to come at once.
    :param runs_per_month: Scoring runs a month, of batches; default: as `schedule` says, else daily.
    :param variants: Models of the same kind beside one another, e.g. one a city.
    :param memory_gib: Memory of one process that serves the model; default: measured, else 0.5.
    :param growth_per_month: Growth of the requests a month, e.g. 0.02 for 2 %.
    :param people: Engineers' hours.
    :param labels: Labels that people make.
    :param server: Hardware of one's own.
    :param licences_per_month: Licences and fees a month, whatever the load, in the currency.
    :param options: Ways to get predictions that are compared; default: all.
    :param levers: What is done already to make it cheaper.
    :param max_per_1000: Most that 1,000 predictions may cost.
    :param customers: Whom the pipeline serves, for the cost per customer.
    :param revenue_per_month: What it earns, for the cost per unit of revenue.
    :param cost_centre: Who pays.
    """

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", examples=["EUR"])
    requests_per_month: Positive | None = None
    rows_per_request: Annotated[float, Field(ge=1)] = 1.0
    peak_to_mean: Annotated[float, Field(ge=1)] | None = None
    active_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    max_latency_ms: Positive | None = None
    latency_share: Annotated[float, Field(gt=0, lt=1)] = 0.99
    max_age: SomeTime | None = None
    runs_per_month: Positive | None = None
    variants: Annotated[int, Field(gt=0)] = 1
    memory_gib: Positive | None = None
    growth_per_month: Range = Range(low=0.0, mid=0.02, high=0.05)
    people: People = People()
    labels: Labelling = Labelling()
    server: OwnServer = OwnServer()
    licences_per_month: NotNegative = 0.0
    options: Annotated[tuple[OptionName, ...], FromYaml] = ()
    levers: Annotated[tuple[LeverName, ...], FromYaml] = ()
    max_per_1000: NotNegative | None = None
    customers: Annotated[int, Field(gt=0)] | None = None
    revenue_per_month: Positive | None = None
    cost_centre: Annotated[str, Field(min_length=1, max_length=120)] | None = None

    @model_validator(mode="after")
    def _one_pace(self) -> Self:
        if self.max_latency_ms is not None and self.max_age is not None:
            refuse([(("max_age",), "found beside max_latency_ms: answers come at once or may wait; leave one out")])
        if self.growth_per_month.low <= -1:
            refuse([(("growth_per_month", "low"), "found -1 or less: nothing falls by more than all of it a month")])
        return self
