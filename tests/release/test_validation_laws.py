"""Whatever stands in the clean process's answer: what is missing or nonsense is never passed."""

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.release.validation.answer import as_answer
from stageline.release.validation.clean_process import Ended
from stageline.release.validation.judge import Limits, Recorded, judge_validation
from stageline.release.validation.probes import probes_of
from stageline.training import RecordedExample
from stageline.training.recorded_example import ModelAnswer
from stageline.verdicts import Report

RAISED = {"outcome": "raised", "kind": "RuntimeError", "words": "no"}
NO_ROWS = {"outcome": "raised", "kind": "ValueError", "words": "Found array with 0 sample(s)"}
REMOVED = object()
NONSENSE = [
    math.nan, math.inf, -math.inf, None, "", [], {}, RAISED, "passed", True, REMOVED, [math.nan], [None], {"": None},
]  # fmt: skip

ANSWERS = {
    "regression": ModelAnswer("float", [1.5, 2.5, 0.0]),
    "whole numbers": ModelAnswer("integer", [1, 2, 7]),
    "classes": ModelAnswer("text", ["hi", "lo", "hi"], ["hi", "lo"], [[0.9, 0.1], [0.2, 0.8], [1.0, 0.0]]),
    "classes without probabilities": ModelAnswer("boolean", [True, False, True], [False, True]),
}
LIBRARIES = {"python": "3.11.7", "numpy": "2.4.6", "pandas": "3.1.1", "scikit-learn": "1.9.1", "skops": "0.16.0"}


def recorded(answer):
    rows = ((1.0, "x"), (None, "y"), (3.0, None))
    return Recorded("sha256:ab", 1_000, LIBRARIES, RecordedExample(("a",), ("town",), rows, 3, answer))


def good(answer):
    """Return the answer of a clean process in which all is well."""
    one = {
        "outcome": "answered", "kind": answer.kind, "values": answer.values[:1], "classes": answer.classes,
        "probabilities": answer.probabilities and answer.probabilities[:1],
    }  # fmt: skip
    whole = {**one, "values": answer.values, "probabilities": answer.probabilities}
    content = {
        "digest": "sha256:ab",
        "size_bytes": 1_000,
        "libraries": dict(LIBRARIES),
        "untrusted": [],
        "model": {"outcome": "loaded", "seconds": 0.1},
        "predictions": {
            "example": whole, "one row": one, "all null": one, "unseen category": one, "no rows": NO_ROWS,
        },
        "latency": {"calls": 300, "p50_ms": 1.0, "p99_ms": 2.0},
        "memory": {"libraries_mb": 150.0, "peak_mb": 160.0},
    }  # fmt: skip
    return copy.deepcopy(content)


LIMITS = Limits(10.0, 1_000.0)


def verdict(content, answer, limits=LIMITS, code=0):
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    checks = judge_validation(Ended(code, answer=data), recorded(answer), limits, private=False)
    assert all(check.message for check in checks)
    return Report(step="validate", checks=checks).verdict


def places(content, at=()):
    """Yield the path to everything in an answer: sections, lists and single values."""
    if at:
        yield at
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


def with_nonsense(content, at, nonsense):
    changed = copy.deepcopy(content)
    parent = changed
    for key in at[:-1]:
        parent = parent[key]
    if nonsense is REMOVED:
        del parent[at[-1]]
    else:
        parent[at[-1]] = nonsense
    return changed


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("limits", [Limits(), Limits(10.0, 1_000.0)], ids=["no limits", "limits"])
def test_a_good_answer_passes(answer, limits):
    assert verdict(good(answer), answer, limits) == "passed"


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("limits", [Limits(), Limits(10.0, 1_000.0)], ids=["no limits", "limits"])
def test_nonsense_anywhere_in_an_answer_never_passes(name, limits):
    answer, tried, passed = ANSWERS[name], 0, []
    for at in places(good(answer)):
        for nonsense in NONSENSE:
            changed = with_nonsense(good(answer), at, nonsense)
            if json.dumps(changed) == json.dumps(good(answer)):
                continue
            tried += 1
            # A refusal of no rows may be worded in any way.
            if at == ("predictions", "no rows", "words") and nonsense == "passed":
                continue
            if verdict(changed, answer, limits) in ("passed", "warned"):
                passed.append((at, nonsense))
    assert tried > 500
    assert passed == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ANSWERS)), JUNK)
def test_no_junk_is_an_answer(name, junk):
    assert verdict(junk, ANSWERS[name]) not in ("passed", "warned")


@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_several_pieces_of_nonsense_do_not_cancel_out(name, data):
    answer = ANSWERS[name]
    content = good(answer)
    for at in data.draw(st.lists(st.sampled_from(list(places(content))), min_size=2, max_size=4, unique=True)):
        try:
            content = with_nonsense(content, at, data.draw(st.sampled_from(NONSENSE[:8])))
        except (KeyError, IndexError, TypeError):
            continue  # it lay inside of something that is gone
    if json.dumps(content) != json.dumps(good(answer)):
        assert verdict(content, answer) not in ("passed", "warned")


@given(st.binary(max_size=200))
def test_no_bytes_but_an_answer_pass(data):
    assert verdict(data, ANSWERS["regression"]) not in ("passed", "warned")


@given(st.integers(0, 10_000))
def test_an_answer_that_is_cut_short_never_passes(cut):
    data = json.dumps(good(ANSWERS["classes"])).encode()
    assert verdict(data[: cut % len(data)], ANSWERS["classes"]) not in ("passed", "warned")


@given(st.integers(-64, 255).filter(bool))
def test_a_good_answer_of_a_process_that_ended_badly_never_passes(code):
    answer = ANSWERS["regression"]
    assert verdict(good(answer), answer, code=code) == "errored"


@given(st.integers(0, 2), st.floats().filter(lambda value: not math.isclose(value, 1.5, rel_tol=1e-6)))
def test_another_number_than_recorded_never_passes(row, value):
    answer = ModelAnswer("float", [1.5, 1.5, 1.5])
    content = good(answer)
    content["predictions"]["example"]["values"][row] = value
    assert verdict(content, answer) == "failed"


@given(st.integers(0, 10**9).filter(lambda size: size != 1_000))
def test_another_size_than_recorded_never_passes(size):
    answer = ANSWERS["regression"]
    assert verdict(good(answer) | {"size_bytes": size}, answer) == "failed"


def test_answers_are_deeply_closed():
    for name, answer in ANSWERS.items():
        assert not isinstance(as_answer(good(answer)), str), name
    more = good(ANSWERS["regression"]) | {"verdict": "passed"}
    assert as_answer(more) == "what it wrote is no answer: verdict: Extra inputs are not permitted"


def test_the_probes_of_a_table_without_texts_hold_no_unseen_category():
    example = RecordedExample(("a",), (), ((1.0,), (2.0,)), 2, ModelAnswer("float", [1.0, 2.0]))
    assert {probe.name: probe.rows for probe in probes_of(example)} == {
        "example": ((1.0,), (2.0,)), "one row": ((1.0,),), "all null": ((None,),), "no rows": (),
    }  # fmt: skip


def test_an_example_without_rows_proves_nothing():
    nothing = ModelAnswer("float", [])
    empty = Recorded("sha256:ab", 1_000, LIBRARIES, RecordedExample(("a",), (), (), 0, nothing))
    content = good(nothing)
    del content["predictions"]["unseen category"]
    checks = judge_validation(Ended(0, answer=json.dumps(content).encode()), empty, Limits(), private=False)
    assert Report(step="validate", checks=checks).verdict not in ("passed", "warned")
