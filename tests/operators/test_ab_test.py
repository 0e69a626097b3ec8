"""A rollout that ends with an A/B test: what came of the answers says whether the candidate is promoted."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from operator_fixtures import point_at
from pilot_moments import Shelf
from production_project import PRODUCTION_MOMENTS, production
from rollout_runs import end, go_on, head, scored, wait_for_look
from small_project import write_spec

from stageline.operators import GateFailed, running_rollout

pytestmark = pytest.mark.xdist_group("rollout")
METRICS = "[{metric: error_rate, max_increase: 0.3}, {metric: predictions, max_distance: 0.8}]"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("ab_test"), mlflow_database, PRODUCTION_MOMENTS)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def begun(shelf, stores, execute):
    """Give the stores of a pipeline whose second model was approved, and an A/B test in its spec."""
    shelf.go_to("second approved", execute)
    write_test(stores)
    return stores


def write_test(stores, **values):
    outcome = "{uri: data/outcomes.csv, column: booked, kind: rate}"
    said = {"duration": "PT1H", "effect": "0.05", "outcome": outcome, **values}
    test = ", ".join(f"{key}: {value}" for key, value in said.items())
    steps = f"steps: [50], interval: PT1S, deadline: PT1H, min_events: 30, metrics: {METRICS}"
    write_spec(stores.project, **production(f"{{{steps}, ab_test: {{{test}}}}}"))


def write_outcomes(stores, by, of_ten):
    """Write what came of each row: of the rows that a version answered, so many of ten were booked."""
    lines = [
        f"{row},{int(place % 10 < of_ten[version])}"
        for version, rows in by.items()
        for place, row in enumerate(sorted(rows))
    ]
    (stores.project / "data/outcomes.csv").write_text("\n".join(["id,booked", *lines]) + "\n", encoding="utf-8")


def findings_of(stores):
    return [look.evidence["ab_test"] for look in stores.records("rollout") if look.kind == "look"]


def test_a_candidate_of_which_more_comes_is_promoted(begun, execute):
    until = wait_for_look(execute)
    write_outcomes(begun, scored(begun, execute, "monday"), {1: 3, 2: 9})
    done = end(execute, until)
    assert done["verdict"] == "passed"
    assert "A/B test: the canary is better: 9" in done["sentence"]
    assert (head(begun).champion.version, head(begun).canary) == (2, None)
    (told,) = findings_of(begun)
    assert (told["outcome"], told["column"], told["unit"], told["least"]) == ("better", "booked", "points", 0.05)
    assert 0 < told["effect"]["low"] < 0.6 < told["effect"]["high"] < 1
    assert sum(told["rows"].values()) == 320


def test_a_candidate_of_which_less_comes_is_undone(begun, execute):
    until = wait_for_look(execute)
    write_outcomes(begun, scored(begun, execute, "monday"), {1: 9, 2: 3})
    with pytest.raises(GateFailed, match="A/B test, the champion stays: the canary is worse: 3"):
        end(execute, until)
    assert (head(begun).champion.version, head(begun).canary) == (1, None)


def test_the_smaller_outcome_may_be_the_better_one(begun, execute):
    write_test(begun, more_is_better="false")
    until = wait_for_look(execute)
    write_outcomes(begun, scored(begun, execute, "monday"), {1: 9, 2: 3})
    assert "the canary is better" in end(execute, until)["sentence"]


def test_the_share_is_held_until_the_planned_time_is_up(begun, execute, monkeypatch):
    until = wait_for_look(execute)
    write_outcomes(begun, scored(begun, execute, "monday"), {1: 5, 2: 5})
    until = go_on(execute, until)
    assert head(begun).canary.percent == 50
    assert [told["outcome"] for told in findings_of(begun)] == ["undecided"]
    monkeypatch.setattr(running_rollout, "moment_now", lambda: datetime.now(UTC) + timedelta(minutes=61))
    with pytest.raises(GateFailed, match="A/B test over after PT1H, the champion stays: undecided: 5"):
        end(execute, until)
    assert (head(begun).champion.version, head(begun).canary) == (1, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, r"the outcomes cannot be read: .*outcomes\.csv"),
        ("id,bought\n1,1\n", "the outcomes cannot be read: labels 'data/outcomes.csv': column 'booked' is missing"),
        ("id,booked\n", "an arm has no outcomes"),
        ("id,booked\n" + "".join(f"{row},7\n" for row in range(320)), "outcomes of the c[a-z]+ are neither 0 nor 1"),
    ],
    ids=["no table", "no column", "no rows", "no rate"],
)
def test_outcomes_that_cannot_be_used_hold_it_and_the_canary_stays_watched(begun, execute, text, fault):
    if text is not None:
        (begun.project / "data/outcomes.csv").write_text(text, encoding="utf-8")
    until = wait_for_look(execute)
    scored(begun, execute, "monday")
    go_on(execute, until)
    (look,) = [record for record in begun.records("rollout") if record.kind == "look"]
    assert look.evidence["action"] == "hold"
    assert [check["verdict"] for check in look.evidence["checks"]] == ["passed", "passed"]
    assert re.search(fault, look.evidence["reason"])
