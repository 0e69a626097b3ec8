"""A rollout that ends with an A/B test: what came of the answers says whether the candidate is promoted."""

import re
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from operator_fixtures import point_at
from production_project import production
from rollout_runs import end, go_on, head, scored, spoil, wait_for_look
from small_project import write_spec

from stageline.operators import GateFailed, running_rollout

pytestmark = pytest.mark.xdist_group("rollout")
OUTCOME = "{uri: data/outcomes.csv, column: booked, kind: rate, arrived: came}"
METRICS = "[{metric: error_rate, max_increase: 0.3}, {metric: predictions, max_distance: 0.8}]"


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


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
    said = {"duration": "PT1H", "effect": "0.05", "outcome": OUTCOME, **values}
    test = ", ".join(f"{key}: {value}" for key, value in said.items())
    steps = f"steps: [50], interval: PT1S, deadline: PT1H, min_events: 30, metrics: {METRICS}"
    write_spec(stores.project, **production(f"{{{steps}, ab_test: {{{test}}}}}"))


def write_outcomes(stores, by, of_ten):
    """Write what came of each row by now: of the rows that a version answered, so many of ten were booked."""
    booked = {
        row: place % 10 < of_ten[version] for version, rows in by.items() for place, row in enumerate(sorted(rows))
    }
    write_lines(stores, *(f"{row},{int(was)},{now()}" for row, was in booked.items()))


def write_lines(stores, *lines, named="id,booked,came"):
    (stores.project / "data/outcomes.csv").write_text("\n".join([named, *lines]) + "\n", encoding="utf-8")


def now():
    return datetime.now(UTC).isoformat()


def looks_of(stores):
    return [look.evidence for look in stores.records("rollout") if look.kind == "look"]


def findings_of(stores):
    return [look["ab_test"] for look in looks_of(stores)]


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


def test_an_outcome_that_was_there_before_the_answer_did_not_come_of_it(begun, execute):
    until = wait_for_look(execute)
    before = now()
    by = scored(begun, execute, "monday")
    # Of each row it was known; of some it was corrected once they were answered.
    late = sorted(by[1])[:40] + sorted(by[2])[:50]
    write_lines(begun, *(f"{row},0,{before}" for row in range(320)))
    until = go_on(execute, until)
    write_lines(begun, *(f"{row},0,{before}" for row in range(320)), *(f"{row},1,{now()}" for row in late))
    go_on(execute, until)
    first, second = looks_of(begun)
    assert "320 known outcome(s) were there before the answers, and cannot have come of them" in first["reason"]
    assert first["ab_test"]["rows"] == {"canary": 0, "champion": 0}
    assert second["ab_test"]["rows"] == {"canary": 50, "champion": 40}
    assert head(begun).canary.percent == 50


def test_without_a_time_of_arrival_it_is_the_event_time_and_the_delay(begun, execute):
    # The newest rows are of 9 February: whatever came of them came long before they were answered.
    write_test(begun, outcome="{uri: data/outcomes.csv, column: booked, kind: rate}")
    until = wait_for_look(execute)
    write_outcomes(begun, scored(begun, execute, "monday"), {1: 3, 2: 9})
    go_on(execute, until)
    (look,) = looks_of(begun)
    assert "320 known outcome(s) were there before the answers" in look["reason"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_true_and_false_are_one_and_zero(begun, execute, kind):
    write_test(begun, outcome=OUTCOME.replace("csv", kind))
    until = wait_for_look(execute)
    by = scored(begun, execute, "monday")
    ids = sorted(by[1] | by[2])
    rows = pa.table({"id": ids, "booked": [row in by[2] for row in ids], "came": [now()] * len(ids)})
    (pyarrow.csv.write_csv if kind == "csv" else pq.write_table)(rows, begun.project / f"data/outcomes.{kind}")
    done = end(execute, until)
    assert "A/B test: the canary is better: 100.0 % with the canary and 0.0 % with the champion" in done["sentence"]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (None, r"the outcomes cannot be read: .*outcomes\.csv"),
        (
            ["id,bought,came", "1,1,"],
            "the outcomes cannot be read: labels 'data/outcomes.csv': column 'booked' is miss",
        ),
        (["id,booked,came"], "an arm has no outcomes"),
        (["id,booked,came", *(f"{row},7," for row in range(320))], "outcomes of the c[a-z]+ are neither 0 nor 1"),
    ],
    ids=["no table", "no column", "no rows", "no rate"],
)
def test_outcomes_that_cannot_be_used_hold_it_and_the_canary_stays_watched(begun, execute, lines, fault):
    until = wait_for_look(execute)
    scored(begun, execute, "monday")
    if lines is not None:
        write_lines(begun, *(f"{line}{now()}" for line in lines[1:]), named=lines[0])
    go_on(execute, until)
    (look,) = looks_of(begun)
    assert look["action"] == "hold"
    assert [check["verdict"] for check in look["checks"]] == ["passed", "passed"]
    assert re.search(fault, look["reason"])


def test_labels_that_cannot_be_read_keep_no_harm_from_being_seen(begun, execute):
    kpi = "[{metric: kpi, max_loss: 0.5}, {metric: error_rate, max_increase: 0.01}]"
    watched = (
        "{window: P7D, drift: {fail_above: 0.1}, persist: {k: 1, n: 1}, labels: {uri: data/labels.csv, column: y}}"
    )
    plan = f"{{steps: [50], interval: PT1S, deadline: PT1H, min_events: 30, metrics: {kpi}}}"
    write_spec(begun.project, **production(plan, monitor=watched))
    (begun.project / "data/labels.csv").write_text("id,y_new\n1,3\n", encoding="utf-8")
    until = wait_for_look(execute)
    digest = head(begun).canary.model.digest
    (begun.home / "artifacts").rename(begun.home / "elsewhere")
    try:
        spoil(begun, digest)
        scored(begun, execute, "monday")
    finally:
        (begun.home / "elsewhere").rename(begun.home / "artifacts")
    with pytest.raises(GateFailed, match="error_rate of the canary is 100.0 %"):
        end(execute, until)
    (look,) = looks_of(begun)
    said = {check["name"]: check for check in look["checks"]}
    assert said["kpi"]["verdict"] == "inconclusive"
    assert "the labels cannot be read: labels 'data/labels.csv': column 'y' is missing" in said["kpi"]["message"]
