"""When a loss asks for a training, and what comes first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.monitoring.retraining import Before, Seen, decide
from stageline.verdicts import Check, Verdict

NOW = datetime(2026, 3, 10, tzinfo=UTC)
WEEK = timedelta(days=7)


def check(code, verdict="failed", message="", **given):
    return Check(code=code, name=given.pop("name", code), verdict=Verdict(verdict), message=message or code, **given)


LOSS = check("SL-M014", message="17 % worse than at release")
FINE = check("SL-M014", "passed")
CAME_BACK = check("SL-M017", message="worse in 2 of 3", details={"code": "SL-M014", "name": "loss"})
TRAFFIC = check("SL-M008", "passed")


def decided(performance=(LOSS,), drift=(TRAFFIC,), cause=(), *, persist=False, before=()):
    return decide(Seen(performance, drift, cause), persist=persist, cooldown=WEEK, now=NOW, before=before)


def test_a_loss_asks_for_a_training():
    assert (decided().train, decided().why) == (True, "17 % worse than at release")
    assert decided((check("SL-M015"),)).train
    # Drift in itself is no reason, and none against it.
    moved = check("SL-M001", name="psi(x)", details={"column": "x"})
    assert decided(drift=(TRAFFIC, moved)).train
    assert not decided((FINE,), (TRAFFIC, moved)).train


def test_with_persist_only_a_loss_that_came_back_does():
    warned = check("SL-M014", severity="warning")
    assert decided((warned,), persist=True).why == "no loss of performance comes back"
    assert not decided((LOSS,), persist=True).train
    assert decided((warned, CAME_BACK), persist=True).train


@pytest.mark.parametrize(
    "performance",
    [(), (check("SL-M014", "inconclusive"),), (check("SL-M012", "passed"),), (check("SL-M014", "errored"),)],
)
def test_what_is_not_known_asks_for_nothing(performance):
    decision = decided(performance)
    assert (decision.train, decision.known, decision.why) == (False, False, "whether the model got worse is not known")


def missing(name, column, **given):
    return check("SL-M002", name=name, details={"column": column}, message=f"{name} = 1", **given)


def share(code, value, verdict="failed", column="x", **given):
    name = f"{'outside' if code == 'SL-M003' else 'new'}({column})"
    return check(
        code, verdict, f"{name} = {value}", name=name, details={"column": column}, value=value, limit=0.01, **given
    )


@pytest.mark.parametrize(
    "found",
    [
        share("SL-M004", 0.2),
        share("SL-M004", 0.001, "inconclusive"),
        share("SL-M003", 0.9, "inconclusive", severity="info"),
        share("SL-M003", 0.9, severity="info"),
        share("SL-M003", 0.9, "inconclusive", column="model.prediction"),
        check("SL-M004", "inconclusive", details={"column": "x"}),
        check("SL-M001", "inconclusive", details={"column": "x"}, value=0.9, limit=0.1),
    ],
)
def test_a_few_new_categories_and_what_does_not_count_are_no_reason_against_it(found):
    assert decided(drift=(TRAFFIC, found)).train


@pytest.mark.parametrize(
    ("seen", "first"),
    [
        ({"performance": (LOSS, check("SL-M012", message="3 of 90 are labelled"))}, "bring the labels first: 3 of 90"),
        ({"drift": ()}, "mend the data first: what came in is not known"),
        ({"drift": (TRAFFIC, missing("missing(x)", "x"))}, "mend the data first: missing(x) = 1"),
        ({"drift": (TRAFFIC, check("SL-M003", name="outside(x)"))}, "mend the data first: SL-M003"),
        ({"drift": (check("SL-M008", "inconclusive", "no rows"),)}, "mend the data first: no rows"),
        (
            {"drift": (TRAFFIC, check("SL-M009", message="again", details={"code": "SL-M002", "name": "missing(x)"}))},
            "mend the data first: again",
        ),
        (
            {"drift": (TRAFFIC, share("SL-M004", 0.02, "inconclusive"))},
            "mend the data first: what came in is not known: new(x) = 0.02",
        ),
        (
            {"drift": (TRAFFIC, share("SL-M003", 0.9, "inconclusive", severity="warning"))},
            "mend the data first: what came in is not known: outside(x) = 0.9",
        ),
        ({"drift": (TRAFFIC, share("SL-M004", 0.9))}, "mend the data first: new(x) = 0.9"),
        ({"drift": (TRAFFIC, share("SL-M003", 0.9, severity="warning"))}, "mend the data first: outside(x) = 0.9"),
        ({"cause": (check("SL-M018", message="version 2 is better"),)}, "roll back instead: version 2 is better"),
        (
            {"before": (Before("the training of 'a'", NOW - WEEK / 2),)},
            "the cooldown of 7 days, 0:00:00 lasts until 2026-03-13 12:00 UTC, after the training of 'a'",
        ),
    ],
)
def test_something_else_comes_first(seen, first):
    decision = decided(**seen)
    assert not decision.train
    assert decision.why.startswith(first)
    assert decision.loss is not None
    assert decision.why.endswith("; the loss: 17 % worse than at release")


def test_what_the_model_says_is_no_input_to_be_mended():
    assert decided(drift=(TRAFFIC, missing("missing(model.prediction)", "model.prediction"))).train
    assert decided(drift=(TRAFFIC, missing("missing(x)", "x", severity="warning"))).train
    assert decided(cause=(check("SL-M018", "passed"), check("SL-M018", "inconclusive"))).train


@given(st.lists(st.timedeltas(timedelta(days=-20), timedelta(days=20)), max_size=5))
def test_law_asked_only_if_the_newest_of_all_is_older_than_the_cooldown(ages):
    before = [Before(str(number), NOW - age) for number, age in enumerate(ages)]
    assert decided(before=before).train == all(age >= WEEK for age in ages)


@given(st.lists(st.sampled_from([TRAFFIC, LOSS, FINE, CAME_BACK, check("SL-M018")]), max_size=4), st.booleans())
def test_law_no_training_without_a_failed_loss(performance, persist):
    decision = decided(tuple(performance), persist=persist)
    assert not decision.train or any(each in (LOSS, CAME_BACK) for each in performance)
