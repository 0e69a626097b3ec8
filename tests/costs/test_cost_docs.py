"""What docs/costs.md shows can be written so, and says what is so."""

import re
from pathlib import Path

import pytest

from stageline.costs import load_prices
from stageline.costs.engineering import Engineering
from stageline.costs.levers import NAMES, Levers
from stageline.costs.options import OPTIONS
from stageline.costs.options.asynchronous import UTILISATION
from stageline.costs.options.batch_transform import START_SECONDS
from stageline.costs.options.serverless import LEAST_GIB
from stageline.spec.costs import Costs
from stageline.spec.strict_yaml import parse_yaml

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "costs.md").read_text("utf-8")
SECTION, PRICES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_section_is_accepted_but_for_its_two_paces():
    given = parse_yaml(SECTION, file="costs.md").value["costs"]
    said = Costs.model_validate(given)
    assert set(given) | {"max_age"} == set(Costs.model_fields)
    assert said.requests_per_month == 1_000_000


def test_the_prices_are_accepted(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "prices.yaml").write_text(PRICES, encoding="utf-8")
    prices = load_prices(tmp_path)
    assert (prices.currency, prices.vcpu_hour.value, prices.label_work.value) == ("EUR", 0.035, 0.2)
    assert prices.server.value == pytest.approx(4_000 * 0.92)


@pytest.mark.parametrize("name", [*OPTIONS, *NAMES])
def test_every_option_and_lever_is_told_of(name):
    assert f"`{name}`" in PAGE


def test_the_numbers_are_those_of_the_code():
    engineering, levers = Engineering(), Levers()
    assert (engineering.volume.grows_by, engineering.velocity.grows_by, engineering.variety.grows_by) == (2.0, 1.5, 4.0)
    assert "three times the hours in the end, half of the growth at 20 million" in PAGE
    assert (engineering.volume.half_way, engineering.velocity.half_way, engineering.variety.half_way) == (2e7, 200, 60)
    assert (levers.sampled_share, levers.joined, levers.cache_share, levers.most_peak_to_mean) == (0.5, 8, 0.3, 1.5)
    assert f"`reserved` ({levers.reserved_discount:.0%} off".replace("%", " %") in PAGE
    assert (UTILISATION, START_SECONDS, LEAST_GIB) == (0.8, 240, 2)
