"""A project's own prices on top of the package's."""

from datetime import date
from pathlib import Path

import pytest

from stageline.costs import default_prices, load_prices, outdated
from stageline.costs.prices import NAMES
from stageline.costs.serving import serving_assumptions
from stageline.costs.units import factor
from stageline.costs.usage import COUNTED_IN
from stageline.exceptions import CostError, SpecError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(tmp_path):
    def load(data):
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "prices.yaml").write_bytes(data if isinstance(data, bytes) else data.encode())
        return load_prices(tmp_path)

    return load


def test_without_a_file_the_dated_defaults_hold(tmp_path):
    prices = load_prices(tmp_path)
    assert prices.currency == "USD"
    assert prices.vcpu_hour.source.startswith("AWS Fargate")
    assert load_prices(tmp_path) == prices == default_prices()


def test_every_price_says_where_it_was_read_or_that_it_is_an_assumption():
    sources = {name: default_prices()[name].source for name in NAMES}
    assert [name for name, source in sources.items() if "page" not in source] == []


def test_every_price_is_of_what_is_counted():
    assert set(COUNTED_IN) == set(NAMES)
    for name in NAMES:
        assert factor(COUNTED_IN[name], default_prices()[name].per) == 1


def test_a_plain_number_is_a_price_of_the_projects_own(own):
    prices = own("vcpu_hour: 1\nas_of: 2026-03-21\n")
    assert (prices.vcpu_hour.value, prices.vcpu_hour.source) == (1.0, "config/prices.yaml")
    assert prices.vcpu_hour.unit == "USD per vCPU-hour"
    assert prices.memory_gib_hour.source.startswith("AWS Fargate")
    assert (prices.as_of, prices.valid_until) == ("2026-03-21", None)


def test_a_price_that_is_replaced_does_not_keep_the_old_source(own):
    price = own("vcpu_hour: {value: 0.5}\n").vcpu_hour
    assert (price.value, price.source) == (0.5, "config/prices.yaml")


def test_a_price_may_be_given_in_full_and_in_another_unit(own):
    price = own("vcpu_hour: {value: 0.0001, unit: USD per vCPU-second, source: our bill}\n").vcpu_hour
    assert (price.per, price.source) == ("vCPU-second", "our bill")


def test_tiers_replace_a_value_and_a_value_replaces_tiers(own):
    prices = own("log_gib: {tiers: [{up_to: 10, value: 0.5}, {value: 0.2}]}\nstorage_gib_month: 0.01\n")
    assert prices.log_gib.steps == ((0.0, 10.0, 0.5), (10.0, None, 0.2))
    assert prices.storage_gib_month.steps == ((0.0, None, 0.01),)


def test_an_exchange_rate_puts_the_defaults_into_another_currency(own):
    prices = own("currency: EUR\nexchange_rate: 0.9\nvcpu_hour: 0.04\n")
    assert prices.vcpu_hour.value == 0.04
    assert prices.memory_gib_hour.value == pytest.approx(0.004445 * 0.9)
    assert prices.storage_gib_month.steps[1][2] == pytest.approx(0.022 * 0.9)
    assert {prices[name].currency for name in NAMES} == {"EUR"}
    assert "0.04 EUR per vCPU-hour, 0.0040005 EUR per GiB-hour (config/prices.yaml; AWS Fargate" in " ".join(
        serving_assumptions(prices)
    )


@pytest.mark.parametrize(
    ("day", "warns"), [(date(2027, 6, 30), False), (date(2027, 7, 1), True), (date(2020, 1, 1), False)]
)
def test_a_list_older_than_its_stated_validity_warns(day, warns):
    said = outdated(default_prices(), day)
    assert bool(said) is warns
    assert not warns or "stated to hold until 2027-06-30; it is 2027-07-01: read them again" in said


def test_a_list_without_an_end_never_warns(own):
    assert outdated(own("as_of: 2001-01-01\n")) is None


def test_a_price_that_nobody_knows_is_a_sentence():
    with pytest.raises(CostError, match=r"unknown price 'gpu_hour'; did you mean 'vcpu_hour'"):
        default_prices()["gpu_hour"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("gpu_hour: 1\n", ":1: unknown price 'gpu_hour'; did you mean 'vcpu_hour'?"),
        ("zzz: 1\n", "unknown price 'zzz'; known: as_of, valid_until, currency, exchange_rate, vcpu_hour"),
        ("as_of: 2026-01-01\nvcpu_hour: {valu: 1}\n", ":2: unknown price 'vcpu_hour.valu'; did you mean 'value'?"),
        ("vcpu_hour: true\n", "vcpu_hour.value: Input should be a valid number; found true (true-false)"),
        ("vcpu_hour:\n", "vcpu_hour: Input should be a valid dictionary"),
        (
            "vcpu_hour: {value: -1}\n",
            ":1: vcpu_hour.value: Input should be greater than or equal to 0; found the number -1",
        ),
        ("log_gib: {tiers: [{up_to: 5, value: -2}, {value: 1}]}\n", "log_gib.tiers.0.value: Input should be greater"),
        ("vcpu_hour: .inf\n", "is not a finite number"),
        ("currency: euro\n", "currency: String should match pattern"),
        (
            "currency: EUU\n",
            "currency: unknown currency 'EUU'; give a code of ISO 4217, e.g. EUR; found the text 'EUU'",
        ),
        (
            "currency: EUR\nvcpu_hour: 0.04\n",
            "memory_gib_hour is in 'USD per GiB-hour', but currency is 'EUR'; give all in one currency, or exchange_rate",
        ),
        ("exchange_rate: 0.9\n", "the prices are in USD already; name your currency"),
        ("currency: EUR\nexchange_rate: -1\n", ":2: exchange_rate: found the number -1, expected a number above 0"),
        ("currency: EUR\nexchange_rate: yes please\n", "exchange_rate: found the text 'yes please'"),
        ("vcpu_hour: {value: 1, unit: USD}\n", "'USD' names no unit; expected e.g. 'USD per vCPU-hour'"),
        (
            "vcpu_hour: {value: 1, unit: USD per GiB}\n",
            "vcpu_hour.unit: 'GiB' measures data, 'vCPU-hour' measures time of",
        ),
        ("as_of: yesterday\n", "as_of: expected a date such as 2026-03-21; found the text 'yesterday'"),
        ("valid_until: 2026-13-01\n", "valid_until: expected a date such as 2026-03-21"),
        ("- 1\n", "expected a mapping"),
        ("", "the file is empty"),
        ("currency: £\n".encode("latin-1"), "cannot be read: 'utf-8' codec can't decode byte 0xa3"),
    ],
)
def test_what_is_no_price_is_refused_with_its_line_and_key(own, data, sentence):
    with pytest.raises(SpecError) as refusal:
        own(data)
    assert str(refusal.value).startswith("config/prices.yaml")
    assert sentence in str(refusal.value)


def test_the_list_under_config_is_the_packages():
    assert (ROOT / "config/prices.yaml").read_bytes() == (ROOT / "plugins/stageline/costs/prices.yaml").read_bytes()
    assert load_prices(ROOT) == default_prices()
