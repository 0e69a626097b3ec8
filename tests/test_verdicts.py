import json
import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stageline.verdicts import Check, Mode, Report, Severity, Verdict, shown_verdict, worst

RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def check(verdict="passed", severity="critical", **more):
    return Check(
        **{"code": "SL-Q001", "name": "it", "message": f"it {verdict}", **more}, verdict=verdict, severity=severity
    )


def report(*checks, **more):
    return Report(step="quality", checks=checks, **more)


@st.composite
def some_check(draw, **fixed):
    verdict = fixed.get("verdict") or draw(st.sampled_from(Verdict))
    number = st.none() | (st.floats(allow_nan=False, allow_infinity=False) if verdict.advances else st.floats())
    return Check(
        code="SL-X123",
        name=draw(st.text()),
        verdict=verdict,
        severity=fixed.get("severity") or draw(st.sampled_from(Severity)),
        message=draw(st.text()),
        value=draw(number),
        limit=draw(number),
        n=draw(st.none() | st.integers(0, 10**9)),
        details=draw(st.dictionaries(st.text(), JSON, max_size=2)),
    )


CHECKS = st.lists(some_check(), max_size=6).map(tuple)


@given(CHECKS, some_check(verdict=Verdict.FAILED, severity=Severity.CRITICAL))
def test_a_failing_critical_check_never_improves_a_verdict(checks, failing):
    before, after = report(*checks).verdict, report(*checks, failing).verdict
    assert RANK[after] >= RANK[before]
    assert not after.advances


@given(CHECKS, some_check(severity=Severity.INFO))
def test_an_info_never_changes_a_verdict_unless_it_errored(checks, info):
    after = report(*checks, info).verdict
    assert after is (Verdict.ERRORED if info.verdict is Verdict.ERRORED else report(*checks).verdict)


@given(CHECKS, some_check(verdict=Verdict.ERRORED))
def test_an_error_always_counts(checks, errored):
    assert report(*checks, errored).verdict is Verdict.ERRORED


@given(st.lists(some_check(severity=Severity.WARNING), min_size=1, max_size=6))
def test_warnings_alone_never_block(checks):
    verdict = report(*checks).verdict
    assert verdict.advances == all(each.verdict is not Verdict.ERRORED for each in checks)


@given(CHECKS, st.randoms())
def test_the_order_of_checks_does_not_matter(checks, rng):
    shuffled = list(checks)
    rng.shuffle(shuffled)
    assert report(*shuffled).verdict is report(*checks).verdict


@given(CHECKS, st.sampled_from(Mode))
def test_a_report_blocks_exactly_when_enabled_and_not_advancing(checks, mode):
    made = report(*checks, mode=mode)
    assert made.blocks == (mode is Mode.ENABLED and made.verdict not in (Verdict.PASSED, Verdict.WARNED))


@given(CHECKS, st.dictionaries(st.text(), JSON, max_size=3), st.text(), st.sampled_from(Mode))
def test_a_report_survives_json(checks, evidence, sentence, mode):
    made = report(*checks, evidence=evidence, sentence=sentence, mode=mode)
    as_text = json.dumps(made.as_json(), allow_nan=False)
    again = Report.model_validate(json.loads(as_text))
    assert again.as_json() == made.as_json()
    assert (again.verdict, again.sentence, again.mode, again.blocks) == (
        made.verdict, made.sentence, made.mode, made.blocks,
    )  # fmt: skip


def test_no_checks_at_all_is_inconclusive():
    assert worst([]) is Verdict.INCONCLUSIVE
    assert report().verdict is Verdict.INCONCLUSIVE
    assert report().blocks
    assert report().sentence == "nothing was checked"


def test_only_infos_are_inconclusive_even_if_they_pass():
    made = report(check(severity="info"), check("failed", "info"))
    assert made.verdict is Verdict.INCONCLUSIVE
    assert made.sentence == "none of 2 checks counts: all are of severity info"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["value", "limit"])
@pytest.mark.parametrize("verdict", ["passed", "warned"])
def test_nothing_advances_on_a_number_that_is_not_finite(verdict, field, number):
    with pytest.raises(ValidationError, match=f"'it' {verdict} on a number that is not finite: {number}"):
        check(verdict, **{field: number})


@pytest.mark.parametrize("verdict", ["failed", "errored", "inconclusive"])
def test_what_does_not_advance_may_quote_any_number(verdict):
    assert math.isnan(check(verdict, value=math.nan).value)


@pytest.mark.parametrize("field", [{"code": "Q001"}, {"code": "SL-Q1"}, {"n": -1}, {"verdict": "ok"}, {"unknown": 1}])
def test_a_malformed_check_is_refused(field):
    with pytest.raises(ValidationError):
        Check(**{"code": "SL-Q001", "name": "it", "verdict": "passed", "message": "", **field})


def test_checks_and_reports_are_frozen():
    made = report(check())
    for thing, field in ((made, "step"), (made.checks[0], "verdict")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(thing, field, "passed")


def test_numbers_that_are_not_finite_become_null_however_deep():
    evidence = {"a": math.nan, "b": [1.5, {"c": math.inf}], "d": (math.nan,), "e": "nan"}
    made = report(check("failed", value=math.inf, details={"x": [-math.inf]}), evidence=evidence).as_json()
    assert made["evidence"] == {"a": None, "b": [1.5, {"c": None}], "d": [None], "e": "nan"}
    assert made["checks"][0]["value"] is None
    assert made["checks"][0]["details"] == {"x": [None]}


def test_what_json_does_not_know_never_keeps_a_report_from_being_recorded():
    evidence = {
        "int": np.int64(3),
        "float": np.float32(0.5),
        "nan": np.float64("nan"),
        "bool": np.bool_(True),
        "array": np.array([1.0, np.inf]),
        "decimal": Decimal("1.10"),
        "other": object,
    }
    made = json.loads(json.dumps(report(check(value=np.float64(0.5)), evidence=evidence).as_json(), allow_nan=False))
    assert made["evidence"] == {
        "int": 3, "float": 0.5, "nan": None, "bool": True, "array": [1.0, None],
        "decimal": "1.10", "other": "<class 'object'>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        ((check(), check()), "2 of 2 checks passed"),
        ((check(), check("failed", "info")), "1 of 1 checks passed, 1 of severity info did not"),
        ((check(), check("failed", message="hum is off")), "hum is off"),
        ((check("failed", message="a"), check("failed", message="b"), check("failed", message="c")), "a (and 2 more)"),
        ((check("failed", "warning", message="odd"), check()), "odd"),
        ((check("failed", message="bad"), check("errored", message="broken")), "broken"),
    ],
)
def test_the_sentence_is_that_of_the_deciding_check(checks, sentence):
    assert report(*checks).sentence == sentence
    assert report(*checks, sentence="my own").sentence == "my own"


def test_checks_with_picks_by_verdict():
    made = report(check(), check("failed"), check("errored"))
    assert [each.verdict for each in made.checks_with(Verdict.FAILED, Verdict.ERRORED)] == ["failed", "errored"]


@pytest.mark.parametrize("verdict", Verdict)
def test_a_dry_run_is_only_named_where_it_mattered(verdict):
    assert shown_verdict(verdict, Mode.ENABLED) == verdict
    assert shown_verdict(verdict, Mode.DRY_RUN) == (verdict if verdict.advances else f"{verdict} (dry run)")
