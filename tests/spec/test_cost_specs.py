"""The section `costs` of a pipeline's file: what the loader says of what it may not say."""

import pytest

from stageline.exceptions import SpecError


@pytest.fixture
def with_costs(load, poc):
    return lambda section: load(f"{poc.rstrip()}\ncosts: {section}\n").spec.costs


def test_a_section_is_read(with_costs):
    costs = with_costs("{requests_per_month: 1000, max_age: PT3H, options: [http, vendor]}")
    assert (costs.requests_per_month, costs.options) == (1_000, ("http", "vendor"))
    assert costs.max_age.total_seconds() == 10_800


def test_without_the_section_there_is_none(with_costs):
    assert with_costs("null") is None


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ("{max_latency: 200}", "costs.max_latency: unknown key; did you mean 'max_latency_ms'?"),
        ("{max_age: 3600}", "costs.max_age: found the number 3600, expected a duration, e.g. P7D or PT12H"),
        ("{max_per_1000: -1}", "costs.max_per_1000: found the number -1, expected a number of at least 0"),
        ("{licences_per_month: -5}", "costs.licences_per_month: found the number -5, expected a number of at least 0"),
        ("{requests_per_month: 0}", "costs.requests_per_month: found the number 0, expected a number above 0"),
        ("{currency: euro}", "costs.currency: found 'euro', expected text that matches ^[A-Z]{3}$, e.g. 'EUR'"),
        ("{options: [http, lambda]}", "costs.options.1: found 'lambda', allowed: batch, http, sagemaker_realtime"),
        ("{levers: [cash]}", "costs.levers.0: found 'cash', allowed: sampling, batching, cache"),
        ("{max_latency_ms: 5, max_age: PT1H}", "costs.max_age: found beside max_latency_ms"),
        ("{server: {resale_share: 1}}", "costs.server.resale_share: found the number 1, expected a number below 1"),
        (
            "{growth_per_month: {low: 1, mid: 0, high: 2}}",
            "costs.growth_per_month: found 1, 0, 2; expected low, mid and high to ascend",
        ),
    ],
)
def test_what_it_may_not_say_is_a_sentence_with_its_key(with_costs, section, sentence):
    with pytest.raises(SpecError) as refused:
        with_costs(section)
    assert sentence in str(refused.value)
