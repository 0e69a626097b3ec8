"""Incidents as a fold over what runs saw: the cases by name, then the laws."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.monitoring.incident_topics import owner_of, role_of, topic_of
from stageline.monitoring.incidents import Incident, Look, StepSeen, incident_id, judge, looks
from stageline.spec.models import Owners
from stageline.verdicts import Check, Severity, Verdict

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def day(number):
    return DAY + timedelta(days=number)


def check(verdict="failed", name="outside(x)", code="SL-M003", **given):
    told = {"message": f"{name} {verdict}", "value": 0.3, "limit": 0.1, **given}
    return Check(code=code, name=name, verdict=Verdict(verdict), **told)


def look(number, *checks, topic="inputs"):
    return Look(topic, day(number), checks)


def follow(*seen, known=None, **given):
    """Return the newest state after some looks, and what each changed."""
    changes = []
    for each in seen:
        change = judge("bikes", each, known, **given)
        changes.append(change and change.change)
        known = change or known
    return known, changes


# --- topics and roles


@pytest.mark.parametrize(
    ("found", "topic", "role"),
    [
        (check(code="SL-M001", name="jensen_shannon(x)", details={"column": "x"}), "inputs", "data"),
        (check(code="SL-M002", name="missing(model.prediction)", details={"column": "model.prediction"}), "outputs", "model"),
        (check(code="SL-M008", name="traffic"), "inputs", "data"),
        (check(code="SL-M005", name="psi(model.prediction)"), "outputs", "model"),
        (check(code="SL-M011", name="scored"), "outputs", "model"),
        (check(code="SL-M012", name="labels"), "labels", "data"),
        (check(code="SL-M012", name="labels", details={"reason": "unseen_classes"}), "performance", "model"),
        (check(code="SL-M012", name="labels", details={"reason": "missing"}), "labels", "data"),
        (check(code="SL-M013", name="kpi"), "kpi", "business"),
        (check(code="SL-M014", name="loss"), "performance", "model"),
        (check(code="SL-M018", name="cause"), "performance", "model"),
        (check(code="SL-O001", name="budget(latency)"), "objective:latency", "operations"),
        (check(code="SL-O002", name="burn_page(kpi)", details={"sli": "kpi"}), "objective:kpi", "business"),
        (
            check(code="SL-M009", name="persistent(outside(x))", details={"code": "SL-M003", "name": "outside(x)"}),
            "inputs", "data",
        ),
        (
            check(
                code="SL-M009", name="persistent(missing(model.confidence))",
                details={"code": "SL-M002", "name": "missing(model.confidence)"},
            ),
            "outputs", "model",
        ),
        (check(code="SL-X001", name="mine"), "drift", "model"),
    ],
)  # fmt: skip
def test_a_check_belongs_to_a_topic_and_a_topic_to_a_role(found, topic, role):
    assert topic_of(found, "drift") == topic
    assert role_of(topic) == role


@pytest.mark.parametrize(
    ("owners", "owner"),
    [
        ({"data": "di", "operations": "op", "model": "mo"}, "di"),
        ({"operations": "op", "model": "mo"}, "op"),
        ({"model": "mo", "business": "bo"}, "mo"),
        ({"business": "bo"}, ""),
    ],
)
def test_without_an_owner_operations_are_told_then_the_models_owner(owners, owner):
    assert owner_of("data", Owners(**owners)) == owner


def test_a_run_is_seen_topic_by_topic():
    found = looks(
        [
            StepSeen("drift", day(9), (check(), check("passed", "scored", "SL-M011"))),
            StepSeen("performance", day(4), (check("passed", "loss", "SL-M014"),)),
            StepSeen("cause", None, (), "errored: there is no champion"),
            StepSeen("retrain", None, (check("passed", "retrain", "SL-M019", severity="info"),)),
        ],
        now=day(10),
    )
    assert [(each.topic, each.at) for each in found] == [
        ("inputs", day(9)), ("outputs", day(9)), ("performance", day(4)), ("monitoring", day(10)),
    ]  # fmt: skip
    watched = {each.name: (each.verdict, each.message) for each in found[-1].checks}
    assert watched["watched(drift)"] == ("passed", "the step 'drift' did its work")
    assert watched["watched(cause)"] == ("failed", "the step 'cause' errored: there is no champion")


def test_data_that_a_step_refused_are_about_the_inputs_and_not_about_the_step():
    refused = check("errored", "drift", "SL-S001", message="column 'x' is missing")
    found = looks(
        [
            StepSeen("drift", day(9), (refused,), "column 'x' is missing", of_data=True),
            StepSeen("performance", day(4), (refused,), "errored: no labels"),
        ],
        now=day(10),
    )
    assert [(each.topic, each.at) for each in found] == [("inputs", day(9)), ("monitoring", day(10))]
    assert [each.name for each in found[1].checks] == ["watched(performance)"]
    assert judge("bikes", found[0], None).sentence.startswith("column 'x' is missing. Look at the source first")


@pytest.mark.parametrize(
    ("checks", "why"),
    [
        ((check("inconclusive", message="9 rows"),), "9 rows"),
        ((check("errored", message="no model"),), "no model"),
        ((check("inconclusive", severity="warning"),), ""),
        ((check("inconclusive"), check("passed", "outside(y)")), ""),
        ((check("inconclusive"), check("failed", "outside(y)", severity="warning")), ""),
        ((check("inconclusive"), check("failed", "outside(y)")), ""),
        ((), ""),
    ],
)
def test_of_a_topic_nothing_is_known_where_nothing_is_decided_that_had_to_be(checks, why):
    assert look(1, *checks).unknown == why


# --- opening


def test_a_failure_opens_an_incident_that_says_what_is_wrong_and_what_to_do():
    far = check(name="jensen_shannon(y)", code="SL-M001", message="jensen_shannon(y) = 0.4, limit 0.1", value=0.4)
    opened = judge("bikes", look(7, check(), far), None)
    assert (opened.id, opened.change, opened.windows, opened.severity, opened.tell) == (
        "bikes/inputs/20260308T000000Z", "opened", 1, "critical", True,
    )  # fmt: skip
    assert opened.sentence == (
        "jensen_shannon(y) = 0.4, limit 0.1; also outside(x). Look at the source first and mend what is broken; retrain "
        "only if the change is there to stay."
    )
    assert [each.name for each in opened.checks] == ["jensen_shannon(y)", "outside(x)"]


@pytest.mark.parametrize(
    "quiet",
    [
        check("passed"), check("inconclusive"), check("errored"), check("warned"),
        check("failed", severity="warning"), check("failed", severity="info"),
    ],
)  # fmt: skip
def test_anything_but_a_failure_opens_nothing(quiet):
    assert judge("bikes", look(7, quiet), None) is None
    assert judge("bikes", look(7), None) is None


def not_scored(rows, **given):
    told = {"n": rows, "severity": "warning", "value": None, "limit": None, **given}
    return check("inconclusive", "scored", "SL-M011", message=f"no prediction of {rows} rows", **told)


@pytest.mark.parametrize("value", [None, 0])
def test_rows_of_which_no_prediction_was_made_open_and_predictions_close(value):
    first = look(7, not_scored(56, value=value), topic="outputs")
    opened = judge("bikes", first, None)
    assert (opened.change, opened.severity) == ("opened", "critical")
    assert opened.sentence.startswith("no prediction of 56 rows. Look at the scoring DAG first")
    again = look(8, check("passed", "scored", "SL-M011", value=56, n=56), topic="outputs")
    assert follow(first, again)[1] == ["opened", "closed"]


@pytest.mark.parametrize("few", [not_scored(0), not_scored(None), not_scored(56, value=40)])
def test_without_rows_or_with_some_predictions_nothing_stands_still(few):
    assert judge("bikes", look(7, few, topic="outputs"), None) is None


def test_classes_that_the_model_does_not_know_are_over_once_the_loss_is_told_again():
    unseen = check(code="SL-M012", name="labels", details={"reason": "unseen_classes"})
    first = look(1, unseen, check("inconclusive", "loss", "SL-M014"), topic="performance")
    undecided = look(2, check("inconclusive", "loss", "SL-M014"), topic="performance")
    over = look(3, check("passed", "loss", "SL-M014"), topic="performance")
    known, changes = follow(first, undecided)
    assert changes == ["opened", None]
    assert "Retrain on rows that have the new classes, or mend the coding of the labels." in known.sentence
    assert follow(over, known=known)[1] == ["closed"]


def test_data_that_were_refused_are_mended_once_something_is_good():
    refused = look(1, check(name="drift", code="SL-S001"))
    assert follow(refused, look(2, check("inconclusive")))[1] == ["opened", None]
    mended = look(2, check("passed"), check("inconclusive", "outside(y)"))
    assert follow(refused, mended)[1] == ["opened", "closed"]
    # What else had failed must be good itself.
    both = look(1, check(name="drift", code="SL-S001"), check(name="outside(y)"))
    assert follow(both, mended)[1] == ["opened", None]


def test_with_persist_the_sentence_has_the_numbers_of_what_came_back():
    measured = check(severity="warning", message="outside(x) = 0.3, limit 0.1")
    back = check(
        code="SL-M009", name="persistent(outside(x))", value=2, limit=2,
        message="outside(x) was above its limit in 2 of the last 3 runs", details={"code": "SL-M003", "name": "outside(x)"},
    )  # fmt: skip
    opened = judge("bikes", look(7, measured, back), None, persist=True)
    assert opened.sentence.startswith(
        "outside(x) = 0.3, limit 0.1; outside(x) was above its limit in 2 of the last 3 runs. Look at the source"
    )
    assert opened.failing == (("SL-M003", "outside(x)"),)


def test_a_loss_that_the_release_caused_says_to_roll_back():
    cause = check(code="SL-M018", name="cause", message="version 2 was better", value=40, limit=0)
    loss = check(code="SL-M014", name="loss", message="30 % worse")
    opened = judge("bikes", look(7, cause, loss, topic="performance"), None)
    assert opened.sentence == (
        "30 % worse; version 2 was better. Roll back to the champion before: the release is judged the cause."
    )


def test_a_release_that_was_rolled_back_says_so():
    cause = check(code="SL-M018", name="cause", message="version 2 was better", value=40, limit=0)
    done = check("passed", code="SL-P003", name="rolled_back", message="version 2 is the champion again", value=None)
    loss = check(code="SL-M014", name="loss", message="30 % worse")
    opened = judge("bikes", look(7, loss, cause, done, topic="performance"), None)
    assert opened.sentence.startswith(
        "30 % worse; version 2 was better; version 2 is the champion again. The release is undone: look whether"
    )
    assert judge("bikes", look(8, done, topic="performance"), opened) is None


def test_a_page_is_about_nothing_of_its_own():
    page = check(code="SL-R001", name="drift")
    assert [each.topic for each in looks([StepSeen("report", day(1), (page,))], day(1))] == ["monitoring"]


def test_a_ticket_weighs_less_than_a_page():
    slow = check(code="SL-O003", name="burn_ticket(kpi)")
    opened = judge("bikes", look(1, slow, topic="objective:kpi"), None)
    assert opened.severity == "warning"
    worse = judge("bikes", look(2, slow, check(code="SL-O002", name="burn_page(kpi)"), topic="objective:kpi"), opened)
    assert (worse.severity, worse.tell) == ("critical", True)


# --- updating


def test_the_same_for_another_window_is_evidence_and_no_alert():
    known, changes = follow(look(1, check()), look(2, check()), look(3, check()))
    assert changes == ["opened", "updated", "updated"]
    assert (known.windows, known.since, known.until, known.tell) == (3, day(1), day(3), False)


def test_another_check_that_fails_is_told():
    known, _ = follow(look(1, check()), look(2, check(), check(name="outside(y)")))
    assert (known.change, known.tell) == ("updated", True)
    # Back again is no news, nor is one less.
    for seen in (look(3, check(name="outside(y)")), look(4, check()), look(5, check(), check(name="outside(y)"))):
        known = judge("bikes", seen, known)
        assert known.tell is False


def test_worse_is_told_once_it_is_twice_as_far_beyond_the_limit():
    told = []
    known = None
    for number, value in enumerate((0.15, 0.19, 0.2, 0.25, 0.29, 0.31)):
        known = judge("bikes", look(number, check(value=value)), known)
        told.append(known.tell)
    assert told == [True, False, True, False, False, True]


def test_the_same_window_looked_at_again_with_another_result_counts():
    known, changes = follow(look(1, check()), look(1, check(value=0.2)), look(1, check("passed")))
    assert changes == ["opened", "updated", "closed"]
    assert known.windows == 1


# --- closing


def test_a_window_that_passes_closes():
    known, changes = follow(look(1, check()), look(2, check()), look(3, check("passed")))
    assert changes[-1] == "closed"
    assert known.sentence == (
        "inputs: nothing fails any more at 2026-03-04 00:00; it failed in 2 windows since 2026-03-02 00:00"
    )
    assert known.checks[0].name == "outside(x)"


def test_without_persist_a_warning_closes_and_with_it_keeps_open():
    warned = look(2, check("failed", severity="warning"))
    assert follow(look(1, check()), warned)[1] == ["opened", "closed"]
    assert follow(look(1, check()), warned, persist=True)[1] == ["opened", None]
    assert follow(look(1, check()), warned, look(3, check("passed")), persist=True)[1] == ["opened", None, "closed"]


@pytest.mark.parametrize(
    "seen",
    [
        (), (check("inconclusive"),), (check("errored"),), (check("inconclusive", severity="warning"),),
        (check("inconclusive"), check("passed", "outside(y)")),
        # Of another code: this one was not looked at.
        (check("passed", "missing(x)", "SL-M002"),),
    ],
)  # fmt: skip
def test_what_is_not_decided_keeps_open(seen):
    assert follow(look(1, check()), look(2, *seen))[1] == ["opened", None]


def test_what_had_failed_is_good_again_although_another_check_is_undecided():
    assert follow(look(1, check()), look(2, check("passed"), check("inconclusive", "outside(y)")))[1][-1] == "closed"


def test_a_column_that_is_gone_does_not_keep_open():
    assert follow(look(1, check()), look(2, check("passed", "outside(y)")))[1][-1] == "closed"


def test_the_cause_is_no_longer_asked_for_once_the_loss_is_over():
    loss, cause = {"code": "SL-M014", "name": "loss"}, {"code": "SL-M018", "name": "cause"}
    first = look(1, check(**loss), check(**cause), topic="performance")
    over = look(2, check("passed", **loss), check("inconclusive", **cause), topic="performance")
    assert follow(first, over)[1] == ["opened", "closed"]


def test_after_it_was_closed_another_one_is_opened():
    first, _ = follow(look(1, check()))
    known, changes = follow(look(2, check("passed")), look(3, check()), known=first)
    assert changes == ["closed", "opened"]
    assert (known.id, known.revision) == ("bikes/inputs/20260304T000000Z", 3)
    assert known.id != first.id


# --- order


@pytest.mark.parametrize("older", [check(), check("passed"), check(value=9)])
def test_an_older_window_changes_nothing(older):
    assert follow(look(5, check()), look(4, older))[1] == ["opened", None]
    assert follow(look(5, check()), look(6, check("passed")), look(4, older))[1][-1] is None
    assert judge("bikes", look(4, older), None, seen=day(5)) is None


# --- the laws

NAMES = ("outside(x)", "outside(y)", "missing(x)")


@st.composite
def checks(draw):
    name = draw(st.sampled_from(NAMES))
    return check(
        draw(st.sampled_from(["passed", "warned", "inconclusive", "failed", "errored"])), name,
        "SL-M002" if name.startswith("missing") else "SL-M003",
        severity=draw(st.sampled_from(list(Severity))), value=draw(st.floats(0, 2)),
    )  # fmt: skip


seen_looks = st.builds(lambda number, found: look(number, *found), st.integers(0, 9), st.lists(checks(), max_size=4))
histories = st.lists(seen_looks, max_size=12)


def states(history, *, persist):
    known, found = None, []
    for each in history:
        change = judge("bikes", each, known, persist=persist)
        found.append((known, each, change))
        known = change or known
    return known, found


@given(histories, st.booleans())
def test_law_a_change_follows_from_the_state_before(history, persist):
    for known, each, change in states(history, persist=persist)[1]:
        if change is None:
            continue
        failed = any(one.effect is Verdict.FAILED for one in each.checks)
        assert (change.change == "closed") != failed
        # One open incident a topic: opened only where none is open, updated and closed only the open one.
        assert (change.change == "opened") == (known is None or not known.is_open)
        if change.change != "opened":
            assert (change.id, change.since) == (known.id, known.since)
            assert change.windows - known.windows in (0, 1)
        assert change.id == incident_id("bikes", "inputs", change.since)
        assert change.revision == (known.revision if known else 0) + 1
        assert change.until == each.at
        assert known is None or change.until >= known.until


@given(histories, seen_looks, st.booleans())
def test_law_the_same_again_changes_nothing(history, newest, persist):
    known, _ = states([*history, newest], persist=persist)
    assert judge("bikes", newest, known, persist=persist) is None


@given(histories, seen_looks, st.booleans())
def test_law_nothing_decided_changes_nothing(history, undecided, persist):
    known, _ = states(history, persist=persist)
    kept = [each for each in undecided.checks if each.verdict in ("inconclusive", "errored")]
    assert judge("bikes", Look("inputs", undecided.at, tuple(kept)), known, persist=persist) is None


@given(histories, seen_looks, st.booleans())
def test_law_an_older_window_changes_nothing(history, older, persist):
    known, _ = states(history, persist=persist)
    if known is not None and older.at < known.until:
        assert judge("bikes", older, known, persist=persist) is None


@given(histories, seen_looks)
def test_law_with_persist_no_more_is_closed_than_without(history, newest):
    known, _ = states(history, persist=True)
    if (closed := judge("bikes", newest, known, persist=True)) is not None and not closed.is_open:
        assert judge("bikes", newest, known) == closed


@given(histories, st.booleans())
def test_law_what_is_kept_comes_back_from_the_ledger_as_it_was(history, persist):
    known, _ = states(history, persist=persist)
    if known is not None:
        assert Incident.model_validate_json(known.model_dump_json()) == known


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 2)), min_size=1, max_size=12))
def test_law_who_is_told_of_one_check_is_told_of_at_most_its_doublings(values):
    known, told = None, 0
    for number, value in sorted(values, key=lambda each: each[0]):
        change = judge("bikes", look(number, check(value=value)), known)
        told += bool(change and change.tell)
        known = change or known
    # From 0.4 limits on, at most 19 limits beyond: 0.4, 0.8 and so on.
    assert told <= 1 + 6
