"""A first estimate of what serving costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.costs import Latency, estimate_serving, load_prices
from stageline.costs.queueing import Objective, servers_needed
from stageline.costs.serving import HOURS_PER_MONTH, serving_assumptions
from stageline.exceptions import SpecError


@pytest.fixture(scope="module")
def prices(tmp_path_factory):
    return load_prices(tmp_path_factory.mktemp("project"))


def own(tmp_path, text):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "prices.yaml").write_text(text, encoding="utf-8")
    return load_prices(tmp_path)


def test_a_little_load_costs_one_replica_all_month(prices):
    estimate = estimate_serving(Latency(5.0, 20.0, 1_000), 700, prices, load=1)
    per_hour = prices.vcpu_hour.first + 2 * prices.memory_gib_hour.first
    assert estimate.replicas == 1
    assert estimate.cost_per_month == pytest.approx(per_hour * HOURS_PER_MONTH)
    assert estimate.cost_per_1000 == pytest.approx(estimate.cost_per_month / 0.7)


def test_replicas_answer_the_peak_in_time(prices):
    # 100 a second on average, 300 at the peak, 10 ms each: 3 busy vCPUs, of which 4 answer 99 % within 100 ms.
    estimate = estimate_serving(Latency(10.0, 10.0, 1_000), 100 * HOURS_PER_MONTH * 3_600, prices, load=1)
    assert estimate.replicas == servers_needed(300, 0.01, Objective(0.1)) == 4


def test_no_load_has_no_cost_per_prediction(prices):
    assert estimate_serving(Latency(1.0, 1.0, 1_000), 0, prices, load=1).cost_per_1000 is None


@given(single=st.floats(0.01, 1e4), today=st.floats(1, 1e9), load=st.floats(1, 1e3), more=st.floats(1, 100))
def test_more_load_never_costs_less(prices, single, today, load, more):
    latency = Latency(single, single, 1_000)
    one, other = (estimate_serving(latency, today, prices, load=load * factor) for factor in (1, more))
    assert one.replicas >= 1
    assert other.cost_per_month >= one.cost_per_month


def test_the_assumptions_name_prices_and_their_date(prices):
    text = " ".join(serving_assumptions(prices))
    assert prices.as_of in text
    assert f"{prices.vcpu_hour.first:g} {prices.vcpu_hour.unit}" in text


def test_a_project_sets_a_price(tmp_path):
    assert own(tmp_path, "vcpu_hour: 0.05\n").vcpu_hour.value == 0.05


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vcpu_hours: 0.05\n", "unknown price 'vcpu_hours'; did you mean 'vcpu_hour'"),
        ("vcpu_hour: -1\n", "vcpu_hour"),
        ("vcpu_hour: .nan\n", "config/prices.yaml"),
        ("vcpu_hour: cheap\n", "vcpu_hour"),
        ("vcpu_hour: 1\nvcpu_hour: 2\n", "vcpu_hour"),
        ("as_of: soon\n", "as_of"),
    ],
)
def test_what_is_no_price_is_refused(tmp_path, text, sentence):
    with pytest.raises(SpecError, match=r"config/prices\.yaml") as refused:
        own(tmp_path, text)
    assert sentence in str(refused.value)
