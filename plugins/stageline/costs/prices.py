"""Prices: the package's dated defaults, with a project's own on top."""

from collections.abc import Collection, Mapping
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stageline.exceptions import SpecError
from stageline.spec.strict_yaml import parse_yaml
from stageline.spec.wording import found, suggestion


class Price(BaseModel):
    """One price with its unit and where it was read.

    :param unit: Begins with the currency, e.g. `USD per vCPU and hour`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    value: float = Field(ge=0, allow_inf_nan=False)
    unit: str
    source: str


class Prices(BaseModel):
    """All prices an estimate uses, in one currency.

    :param as_of: Date at which the prices were read, ISO 8601.
    :param vcpu_hour: One vCPU for one hour.
    :param memory_gib_hour: One GiB of memory for one hour.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    as_of: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    vcpu_hour: Price
    memory_gib_hour: Price

    @field_validator("as_of")
    @classmethod
    def _is_a_date(cls, text: str) -> str:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise ValueError("expected a date such as 2026-03-21") from None
        return text

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        for name in _NAMES:
            unit = getattr(self, name).unit
            if not unit.startswith(f"{self.currency} "):
                raise ValueError(f"{name} is in {unit!r}, but currency is {self.currency!r}; give both in one currency")
        return self


_NAMES = ("vcpu_hour", "memory_gib_hour")


def load_prices(project: Path) -> Prices:
    """Return the default prices, overridden key by key by the project's `config/prices.yaml`.

    A price may be written as a plain number, in the file's currency.

    :raises SpecError: The project's file names an unknown price, a value that is no price, or mixes currencies.
    """
    defaults = yaml.safe_load(resources.files("stageline.costs").joinpath("prices.yaml").read_text("utf-8"))
    defaults["as_of"] = str(defaults["as_of"])
    path = project / "config" / "prices.yaml"
    if not path.is_file():
        return Prices.model_validate(defaults)
    name = str(path.relative_to(project))
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{name}: cannot be read: {error}") from error
    own = parse_yaml(text, file=name).value
    _require_known(own, defaults, name)
    try:
        return Prices.model_validate(_merge(defaults, own, name))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        raise SpecError(
            f"{name}: {key}: {words}; found {found(first['input'])}" if key else f"{name}: {words}"
        ) from error


def _require_known(own: Mapping[str, Any], known: Collection[str], name: str, within: str = "") -> None:
    for key, value in own.items():
        if key not in known:
            raise SpecError(f"{name}: unknown price {within + key!r}; {suggestion(key, known)}")
        if key in _NAMES and isinstance(value, Mapping):
            _require_known(value, Price.model_fields, name, f"{key}.")


def _merge(defaults: Mapping[str, Any], own: Mapping[str, Any], name: str) -> dict[str, Any]:
    merged = {**defaults, **own}
    for key in _NAMES:
        value = own.get(key)
        if isinstance(value, Mapping) and "value" not in value:
            merged[key] = {**defaults[key], **value}
        elif key in own and value is not None:
            currency, _, per = defaults[key]["unit"].partition(" ")
            given = value if isinstance(value, Mapping) else {"value": value}
            merged[key] = {"unit": f"{own.get('currency', currency)} {per}", "source": name, **given}
    return merged
