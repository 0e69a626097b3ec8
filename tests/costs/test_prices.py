"""A project's own prices on top of the package's."""

import pytest

from stageline.costs import load_prices
from stageline.costs.serving import serving_assumptions
from stageline.exceptions import SpecError


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
    assert load_prices(tmp_path) == prices


def test_a_plain_number_is_a_price_of_the_projects_own(own):
    prices = own("vcpu_hour: 1\nas_of: 2026-03-21\n")
    assert (prices.vcpu_hour.value, prices.vcpu_hour.source) == (1.0, "config/prices.yaml")
    assert prices.vcpu_hour.unit == "USD per vCPU and hour"
    assert prices.memory_gib_hour.source.startswith("AWS Fargate")
    assert prices.as_of == "2026-03-21"


def test_a_price_that_is_replaced_does_not_keep_the_old_source(own):
    price = own("vcpu_hour: {value: 0.5}\n").vcpu_hour
    assert (price.value, price.source) == (0.5, "config/prices.yaml")


def test_a_price_may_be_given_in_full(own):
    price = own("vcpu_hour: {value: 0.5, unit: USD per core and hour, source: our bill}\n").vcpu_hour
    assert (price.unit, price.source) == ("USD per core and hour", "our bill")


def test_all_prices_may_be_in_another_currency(own):
    prices = own("currency: EUR\nvcpu_hour: 0.04\nmemory_gib_hour: 0.004\n")
    assert prices.vcpu_hour.unit == "EUR per vCPU and hour"
    assert "0.04 EUR per vCPU and hour, 0.004 EUR per GiB and hour (config/prices.yaml, as of" in " ".join(
        serving_assumptions(prices)
    )


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("gpu_hour: 1\n", "unknown price 'gpu_hour'; did you mean 'vcpu_hour'?"),
        ("zzz: 1\n", "unknown price 'zzz'; known: as_of, currency, vcpu_hour, memory_gib_hour"),
        ("vcpu_hour: {valu: 1}\n", "unknown price 'vcpu_hour.valu'; did you mean 'value'?"),
        ("vcpu_hour: true\n", "vcpu_hour.value: Input should be a valid number; found true (true-false)"),
        ("vcpu_hour:\n", "vcpu_hour: Input should be a valid dictionary"),
        (
            "vcpu_hour: {value: -1}\n",
            "vcpu_hour.value: Input should be greater than or equal to 0; found the number -1",
        ),
        ("vcpu_hour: .inf\n", "is not a finite number"),
        ("currency: euro\n", "currency: String should match pattern"),
        (
            "currency: EUR\nvcpu_hour: 0.04\n",
            "memory_gib_hour is in 'USD per GiB and hour', but currency is 'EUR'; give both in one currency",
        ),
        ("as_of: yesterday\n", "as_of: expected a date such as 2026-03-21; found the text 'yesterday'"),
        ("- 1\n", "expected a mapping"),
        ("", "the file is empty"),
        ("currency: £\n".encode("latin-1"), "cannot be read: 'utf-8' codec can't decode byte 0xa3"),
    ],
)
def test_what_is_no_price_is_refused_with_its_key(own, data, sentence):
    with pytest.raises(SpecError) as refusal:
        own(data)
    assert str(refusal.value).startswith("config/prices.yaml")
    assert sentence in str(refusal.value)
