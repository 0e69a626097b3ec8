"""The kinds of values a spec is made of: column names, durations, schedules, and what every section shares."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from stageline.spec.durations import PATTERN, format_duration, parse_duration
from stageline.spec.wording import suggestion


def _column(value: str) -> str:
    if not value.strip():
        raise ValueError("a column name may not be blank")
    return value


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _some_time(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("found no time at all, expected a duration above zero, e.g. P7D or PT12H")
    return value


_PRESETS = ("@once", "@continuous", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
_CRON_FIELDS = 5


def check_schedule(value: str) -> str:
    """Refuse what is neither a cron expression nor one of Airflow's presets."""
    if value.startswith("@"):
        if value not in _PRESETS:
            raise ValueError(f"unknown preset {value!r}; {suggestion(value, _PRESETS)}")
    elif len(value.split()) != _CRON_FIELDS:
        raise ValueError(
            f"{value!r} is neither a cron expression of 5 fields nor a preset; e.g. '0 6 * * *' or '@daily'"
        )
    return value


# A list in YAML is a tuple here: strict=False admits that one conversion, its entries stay strict.
FromYaml = Field(strict=False)

Column = Annotated[str, Field(min_length=1), AfterValidator(_column)]
Columns = Annotated[tuple[Column, ...], FromYaml]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Duration = Annotated[
    timedelta,
    BeforeValidator(
        _duration, json_schema_input_type=Annotated[str, Field(pattern=PATTERN, examples=["P7D", "PT12H"])]
    ),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time)]
Owner = Annotated[str, Field(min_length=1, max_length=320)]
Role = Literal["business", "model", "data", "operations"]


class Section(BaseModel):
    """Base of every section: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
