"""Prices: the package's dated defaults, with a project's own on top."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from stageline.costs.currencies import check_currency
from stageline.costs.price import Price
from stageline.costs.units import factor
from stageline.exceptions import CostError, SpecError
from stageline.spec.strict_yaml import Document, parse_yaml
from stageline.spec.wording import KeyPath, dotted, found, suggestion

FILE = "config/prices.yaml"
_EXCHANGE = "exchange_rate"


class Prices(BaseModel):
    """All prices that costs are computed with, in one currency.

    :param as_of: Date at which the prices were read, ISO 8601.
    :param valid_until: Last day on which they are relied on without a warning; none: no such day.
    :param vcpu_hour: One vCPU for one hour, of a machine that is rented.
    :param memory_gib_hour: One GiB of its memory for one hour.
    :param instance_hour: One managed instance for one hour.
    :param processed_gib: One GiB that a managed endpoint takes in or gives out.
    :param serverless_gib_second: One GiB of memory for one second of a serverless endpoint's work.
    :param storage_gib_month: One GiB kept for one month.
    :param put_request: Writing 1,000 objects.
    :param get_request: Reading 1,000 objects.
    :param transfer_out_gib: One GiB sent to the internet.
    :param log_gib: One GiB of logs taken in.
    :param metric_month: One metric kept for one month.
    :param label: One label's tooling.
    :param label_work: One label's work.
    :param vendor_request: One request to a vendor's API.
    :param engineer_hour: One hour of an engineer, with all that comes on top of the wage.
    :param server: One server of one's own.
    :param server_hosting_month: Its place, network and spare parts for one month.
    :param electricity_kwh: One kWh at the socket.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    as_of: str
    valid_until: str | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    vcpu_hour: Price
    memory_gib_hour: Price
    instance_hour: Price
    processed_gib: Price
    serverless_gib_second: Price
    storage_gib_month: Price
    put_request: Price
    get_request: Price
    transfer_out_gib: Price
    log_gib: Price
    metric_month: Price
    label: Price
    label_work: Price
    vendor_request: Price
    engineer_hour: Price
    server: Price
    server_hosting_month: Price
    electricity_kwh: Price

    @field_validator("as_of", "valid_until")
    @classmethod
    def _is_a_date(cls, text: str | None) -> str | None:
        try:
            return text if text is None else date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError("expected a date such as 2026-03-21") from None

    @field_validator("currency")
    @classmethod
    def _known(cls, code: str) -> str:
        try:
            return check_currency(code)
        except CostError as error:
            raise ValueError(str(error)) from error

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        for name in NAMES:
            unit = self[name].unit
            if self[name].currency != self.currency:
                raise ValueError(
                    f"{name} is in {unit!r}, but currency is {self.currency!r}; give all in one currency, or "
                    f"{_EXCHANGE}: what one {self[name].currency} is in {self.currency}"
                )
        return self

    def __getitem__(self, name: str) -> Price:
        """Return one price by name.

        :raises CostError: There is no such price.
        """
        if name not in NAMES:
            raise CostError(f"unknown price {name!r}; {suggestion(name, NAMES)}")
        price: Price = getattr(self, name)
        return price


NAMES: tuple[str, ...] = tuple(name for name, field in Prices.model_fields.items() if field.annotation is Price)


def load_prices(project: Path) -> Prices:
    """Return the default prices, overridden key by key by the project's `config/prices.yaml`.

    A price may be written as a plain number, in the file's currency and in the default's unit. With `exchange_rate`,
    the defaults are turned into the file's currency.

    :raises SpecError: The project's file names an unknown price, a value that is no price, another unit than can be
        charged, or mixes currencies: with file, line, key and what was found.
    """
    defaults = _defaults()
    path = project / FILE
    if not path.is_file():
        return Prices.model_validate(defaults)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{FILE}: cannot be read: {error}") from error
    document = parse_yaml(text, file=FILE)
    own = document.value
    _require_known(document, own, ("as_of", "valid_until", "currency", _EXCHANGE, *NAMES))
    merged = _merge(_exchanged(document, defaults), own)
    try:
        prices = Prices.model_validate(merged)
    except ValidationError as error:
        raise _refusal(document, error) from error
    for name in NAMES:
        _require_same_dimension(document, name, prices[name].per, defaults[name]["unit"].partition(" per ")[2])
    return prices


def default_prices() -> Prices:
    """Return the package's own list."""
    return Prices.model_validate(_defaults())


def outdated(prices: Prices, today: date | None = None) -> str | None:
    """Return one sentence if the list is older than it says it may be.

    :param today: Default: the day it is, in UTC.
    """
    day = today or datetime.now(UTC).date()
    if prices.valid_until is None or day <= date.fromisoformat(prices.valid_until):
        return None
    return (
        f"the prices were read on {prices.as_of} and are stated to hold until {prices.valid_until}; it is {day}: read "
        f"them again and put them, as_of and valid_until into {FILE}"
    )


def _defaults() -> dict[str, Any]:
    text = resources.files("stageline.costs").joinpath("prices.yaml").read_text("utf-8")
    defaults: dict[str, Any] = yaml.safe_load(text)
    for key in ("as_of", "valid_until"):
        defaults[key] = str(defaults[key])
    return defaults


def _require_known(
    document: Document, own: Mapping[str, Any], known: Collection[str], within: tuple[str, ...] = ()
) -> None:
    for key, value in own.items():
        if key not in known:
            raise SpecError(
                f"{_at(document, (*within, key))}: unknown price {'.'.join((*within, key))!r}; {suggestion(key, known)}"
            )
        if key in NAMES and isinstance(value, Mapping):
            _require_known(document, value, Price.model_fields, (key,))


def _exchanged(document: Document, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the defaults in the file's currency, if it says what one unit of theirs is."""
    rate = document.value.get(_EXCHANGE)
    if rate is None:
        return defaults
    where, currency = _at(document, (_EXCHANGE,)), document.value.get("currency")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or rate <= 0:
        raise SpecError(f"{where}: {_EXCHANGE}: found {found(rate)}, expected a number above 0")
    if currency in (None, defaults["currency"]):
        raise SpecError(f"{where}: {_EXCHANGE}: the prices are in {defaults['currency']} already; name your currency")
    changed = dict(defaults)
    for name in NAMES:
        price = changed[name] = dict(defaults[name])
        price["unit"] = f"{currency} per {price['unit'].partition(' per ')[2]}"
        price["source"] = f"{price['source']}, times {rate:g} {currency} per {defaults['currency']}"
        if "value" in price:
            price["value"] *= rate
        else:
            price["tiers"] = [{**tier, "value": tier["value"] * rate} for tier in price["tiers"]]
    return changed


def _merge(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **{key: value for key, value in own.items() if key != _EXCHANGE}}
    currency = own.get("currency", defaults["currency"])
    if "as_of" in own and "valid_until" not in own:
        merged["valid_until"] = None  # how long the package's list is good for says nothing of another one
    for name in NAMES:
        value = own.get(name)
        per = defaults[name]["unit"].partition(" per ")[2]
        if isinstance(value, Mapping) and not {"value", "tiers"} & set(value):
            merged[name] = {**defaults[name], **value}
        elif name in own and value is not None:
            given = value if isinstance(value, Mapping) else {"value": value}
            merged[name] = {"unit": f"{currency} per {per}", "source": FILE, **given}
    return merged


def _require_same_dimension(document: Document, name: str, given: str, default: str) -> None:
    try:
        factor(given, default)
    except CostError as error:
        raise SpecError(f"{_at(document, (name, 'unit'))}: {name}.unit: {error}; give it per {default}") from error


def _refusal(document: Document, error: ValidationError) -> SpecError:
    first = error.errors()[0]
    path: KeyPath = tuple(first["loc"])
    words = first["msg"].removeprefix("Value error, ")
    if not path:
        return SpecError(f"{FILE}: {words}")
    return SpecError(f"{_at(document, path)}: {dotted(path)}: {words}; found {found(first['input'])}")


def _at(document: Document, path: KeyPath) -> str:
    return f"{FILE}:{document.line(path)}"
