import pytest

from stageline.costs.judge import judge_cost, judge_month
from stageline.costs.money import Money
from stageline.costs.simulate import Spread
from stageline.verdicts import Verdict

PASSED, WARNED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.WARNED, Verdict.FAILED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("limit", "blocks", "verdict", "effect", "sentence"),
    [
        (None, True, PASSED, None, "1,000 predictions cost EUR 0.4; costs.max_per_1000 sets a limit"),
        (0.6, True, PASSED, PASSED, "1,000 predictions cost EUR 0.4, within costs.max_per_1000 = EUR 0.6"),
        (0.45, True, WARNED, WARNED, "within costs.max_per_1000 = EUR 0.45; a tenth of the draws lies above EUR 0.5"),
        (0.3, True, FAILED, FAILED, "1,000 predictions cost EUR 0.4 > costs.max_per_1000 = EUR 0.3: pull a lever"),
        (0.3, False, FAILED, WARNED, "> costs.max_per_1000 = EUR 0.3"),
    ],
)
def test_a_limit_warns_before_production_and_blocks_in_it(limit, blocks, verdict, effect, sentence):
    check = judge_cost(Spread(0.3, 0.4, 0.5), limit, "EUR", blocks=blocks, draws=100)
    assert (check.code, check.verdict, check.effect, check.n) == ("SL-C001", verdict, effect, 100)
    assert sentence in check.message


@pytest.mark.parametrize(
    ("actual", "verdict", "sentence"),
    [
        (100.0, PASSED, "March cost EUR 100.00; 80.00 to 120.00 were forecast"),
        (50.0, PASSED, "March cost EUR 50.00, less than expected; 80.00 to 120.00 were forecast"),
        (
            250.0,
            WARNED,
            "March cost EUR 250.00, 2.5 times the mean; 80.00 to 120.00 were forecast: look at what was used",
        ),
        (None, INCONCLUSIVE, "March: nothing was metered"),
    ],
)
def test_a_month_above_its_band_is_told(actual, verdict, sentence):
    check = judge_month(None if actual is None else Money(actual, "EUR"), Spread(80.0, 100.0, 120.0), "March")
    assert (check.code, check.verdict, check.message) == ("SL-C002", verdict, sentence)
    assert check.effect is not Verdict.FAILED


def test_a_month_that_should_have_cost_nothing():
    check = judge_month(Money(1.0, "EUR"), Spread(0.0, 0.0, 0.0), "March")
    assert "March cost EUR 1.00, more than nothing;" in check.message
