"""Prices: the package's dated defaults, with a project's own on top."""

import difflib
import math
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stageline.exceptions import SpecError
from stageline.spec.strict_yaml import parse_yaml


class Price(BaseModel):
    """One price with its unit and where it was read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(ge=0, allow_inf_nan=False)
    unit: str
    source: str


class Prices(BaseModel):
    """All prices an estimate uses.

    :param as_of: Date at which the prices were read, ISO 8601.
    :param vcpu_hour: One vCPU for one hour.
    :param memory_gib_hour: One GiB of memory for one hour.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    vcpu_hour: Price
    memory_gib_hour: Price


def load_prices(project: Path) -> Prices:
    """Return the default prices, overridden key by key by the project's `config/prices.yaml`.

    :raises SpecError: The project's file names an unknown price or a value that is no price.
    """
    defaults = yaml.safe_load(resources.files("stageline.costs").joinpath("prices.yaml").read_text("utf-8"))
    defaults["as_of"] = str(defaults["as_of"])
    path = project / "config" / "prices.yaml"
    if not path.is_file():
        return Prices.model_validate(defaults)
    name = str(path.relative_to(project))
    own = parse_yaml(path.read_text("utf-8"), file=name).value
    merged = _merge(defaults, own, name)
    try:
        return Prices.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SpecError(f"{name}: {key}: {first['msg']}; found {first['input']!r}") from error


def _merge(defaults: dict[str, Any], own: dict[str, Any], name: str) -> dict[str, Any]:
    merged = dict(defaults)
    for key, value in own.items():
        if key not in defaults:
            near = difflib.get_close_matches(key, defaults, n=1)
            raise SpecError(
                f"{name}: unknown price {key!r}; "
                + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join(defaults)}")
            )
        if isinstance(defaults[key], dict) and isinstance(value, dict):
            merged[key] = {**defaults[key], **value}
        elif isinstance(defaults[key], dict) and isinstance(value, int | float) and math.isfinite(value):
            merged[key] = {**defaults[key], "value": value, "source": name}
        else:
            merged[key] = value
    return merged
