"""Classes become codes that mean the same in both arms, at all times and for every target."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.serving.class_codes import as_array, code_of, coded
from stageline.serving.sagemaker.answers import Said

LABELS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=12)


def column(*parts, kind=None):
    return pa.chunked_array([pa.array(part, kind) for part in parts], kind)


@given(LABELS, LABELS)
def test_a_class_has_the_same_code_whichever_others_there_are(one, other):
    alone, beside = coded(column(one)), coded(column(other, one))
    assert alone.dtype == beside.dtype == np.int64
    assert alone.tolist() == beside[len(other) :].tolist() == [code_of(label) for label in one]
    assert len({*alone.tolist()}) == len({*one})


@given(LABELS)
def test_a_captured_class_has_the_code_of_a_logged_one(labels):
    said = Said()
    said.add({"data": json.dumps(labels), "encoding": "JSON"})
    assert as_array(said.values).tolist() == coded(column(labels)).tolist()


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        (column([3, 1, 3]), [3, 1, 3]),
        (column([True, False]), [1, 0]),
        (column([2, 2], kind=pa.int8()), [2, 2]),
        (column(["b"], ["a"], kind=pa.large_string()), [code_of("b"), code_of("a")]),
        (column(["b"], kind=pa.dictionary(pa.int32(), pa.string())), [code_of("b")]),
        (column([], kind=pa.string()), []),
    ],
    ids=["whole", "truth", "small", "large texts", "dictionary", "none"],
)
def test_classes_of_every_type_are_whole_numbers(said, codes):
    found = coded(said)
    assert (found.dtype.kind, found.tolist()) == ("i", codes)


def test_numbers_stay_numbers_though_they_are_whole():
    found = coded(column([3.0, 1.0], kind=pa.float32()))
    assert (found.dtype, found.tolist()) == (np.float64, [3, 1])


def test_an_answer_that_is_missing_is_no_class():
    found = coded(column(["a", None]))
    assert found[0] == code_of("a")
    assert math.isnan(found[1])


def test_a_number_too_large_for_a_float_has_another_code():
    assert code_of(2**53) == 2**53
    assert code_of(2**53 + 1) < 2**48


@pytest.mark.parametrize(("said", "kind"), [([1, 2], "i"), ([1, 2.5], "f"), ([], "f")])
def test_what_was_read_one_by_one_is_whole_only_if_all_of_it_is(said, kind):
    assert as_array(said).dtype.kind == kind
