import math

import pytest

from stageline.release.validation.answer import Answered
from stageline.release.validation.comparing import first_difference, flaw
from stageline.training.recorded_example import ModelAnswer

AMOUNTS = ModelAnswer("float", [10.0, 0.0, -3.0])
LABELS = ModelAnswer("text", ["hi", "lo", "hi"], ["hi", "lo"], [[0.9, 0.1], [0.2, 0.8], [1.0, 0.0]])


def answered(recorded, **changes):
    return Answered(
        outcome="answered",
        **{
            "kind": recorded.kind, "values": recorded.values, "classes": recorded.classes,
            "probabilities": recorded.probabilities, **changes,
        },
    )  # fmt: skip


@pytest.mark.parametrize("recorded", [AMOUNTS, LABELS], ids=["amounts", "labels"])
def test_the_recorded_answer_is_usable_and_the_same(recorded):
    assert flaw(answered(recorded), 3, recorded) is None
    assert first_difference(answered(recorded), recorded) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([10.0, 0.0, -3.0 - 2e-6], None),
        ([10.0, 1e-9, -3.0], None),
        ([10.0, 0.0, -3.00001], "1 of 3 predictions differ, first in row 3: -3.00001, recorded was -3.0"),
        ([10.0, 1e-7, 3.0], "2 of 3 predictions differ, first in row 2: 1e-07, recorded was 0.0"),
    ],
)
def test_numbers_may_differ_by_one_in_a_million(values, said):
    assert first_difference(answered(AMOUNTS, values=values), AMOUNTS) == said


def test_whole_numbers_have_to_be_the_same():
    big = ModelAnswer("integer", [10**9])
    assert first_difference(answered(big, values=[10**9 + 1]), big) == (
        "1 of 1 predictions differ, first in row 1: 1000000001, recorded was 1000000000"
    )


def test_probabilities_are_compared_too():
    moved = [[0.9, 0.1], [0.3, 0.7], [1.0, 0.0]]
    assert first_difference(answered(LABELS, probabilities=moved), LABELS) == (
        "1 of 3 rows' probabilities differ, first in row 2: [0.3, 0.7], recorded was [0.2, 0.8]"
    )


def test_private_predictions_are_not_quoted():
    moved = answered(AMOUNTS, values=[10.0, 0.0, 5.0])
    assert first_difference(moved, AMOUNTS, private=True) == "1 of 3 predictions differ, first in row 3"
    other = answered(LABELS, values=["hi", "top secret", "hi"])
    assert flaw(other, 3, LABELS, private=True) == "1 of 3 predictions are none of its classes, first in row 2"


FLAWS = {
    "too few": (AMOUNTS, {"values": [1.0]}, "it gave 1 prediction(s) for 3 row(s)"),
    "nan": (AMOUNTS, {"values": [1.0, math.nan, math.inf]}, "2 of 3 predictions are not finite numbers, first in row 2, found nan"),
    "null": (AMOUNTS, {"values": [1.0, 2.0, None]}, "1 of 3 predictions are not finite numbers, first in row 3, found None"),
    "a text": (AMOUNTS, {"values": ["1.0", 2.0, 3.0]}, "1 of 3 predictions are not finite numbers, first in row 1, found '1.0'"),
    "true": (AMOUNTS, {"values": [True, 2.0, 3.0]}, "1 of 3 predictions are not finite numbers, first in row 1, found True"),
    "another type": (AMOUNTS, {"values": [1, 2, 3], "kind": "integer"}, "its predictions are of type 'integer', at training 'float'"),
    "no class": (LABELS, {"values": ["hi", "lo", "no"]}, "1 of 3 predictions are none of its classes, first in row 3, found 'no'"),
    "other classes": (LABELS, {"classes": ["lo", "hi"]}, "it knows other classes: ['lo', 'hi'], recorded was ['hi', 'lo']"),
    "more classes": (LABELS, {"classes": ["hi", "lo", "no"]}, "it knows other classes: ['hi', 'lo', 'no'], recorded was ['hi', 'lo']"),
    "no classes": (LABELS, {"classes": None}, "it knows other classes: None, recorded was ['hi', 'lo']"),
    "no probabilities": (LABELS, {"probabilities": None}, "it gives none probabilities, at training some"),
    "few probabilities": (LABELS, {"probabilities": [[1.0, 0.0]]}, "it gave probabilities for 1 of 3 row(s)"),
    "narrow probabilities": (LABELS, {"probabilities": [[1.0], [1.0], [1.0]]}, "it gave 1 probabilities for 2 classes in row 1"),
    "a wrong probability": (LABELS, {"probabilities": [[1.0, 0.0], [1.5, -0.5], [1.0, 0.0]]}, "a probability in row 2 is 1.5"),
    "no number": (LABELS, {"probabilities": [[1.0, 0.0], [0.2, math.nan], [1.0, 0.0]]}, "a probability in row 2 is nan"),
}  # fmt: skip


@pytest.mark.parametrize(("recorded", "changes", "said"), FLAWS.values(), ids=FLAWS)
def test_an_answer_that_is_none_says_why(recorded, changes, said):
    assert flaw(answered(recorded, **changes), 3, recorded) == said


def test_true_is_not_the_class_one():
    whole = ModelAnswer("integer", [0, 1], [0, 1])
    assert "are none of its classes" in flaw(answered(whole, values=[0, True]), 2, whole)
    assert "it knows other classes" in flaw(answered(whole, classes=[False, True]), 2, whole)
