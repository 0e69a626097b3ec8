"""Models, traffic and labels that go wrong after a release: what each step of the monitoring says, and who is told."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable
from operator_fixtures import point_at
from pilot_moments import Shelf
from sklearn.linear_model import Ridge
from watched_pilot import DAYS, INSIDE, STEPS, WAYS, declare, monitor, score, write_rows

from stageline.operators import DriftCheckOperator, GateFailed
from stageline.serving import local_file

pytestmark = pytest.mark.xdist_group("monitoring_cases")

PREDICT = Ridge.predict
QUALITY = "[{sli: quality, target: 0.9, min_events: 10}]"


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    return Shelf.make(tmp_path_factory.mktemp("watched"), mlflow_database, WAYS)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def scored(shelf, stores, execute):
    """Give the stores of a model of January and February that has scored three weeks of March."""
    shelf.go_to("scored", execute)
    return stores


@pytest.fixture
def watch(stores):
    """Return a function that runs the monitoring, which may move nothing and has to come to its end."""

    def run(run_id="m", **given):
        with unmoved(stores):
            watched = monitor(stores, run_id, **given)
        assert len(watched.ended) == len(STEPS)
        assert watched.verdicts["monitor_report"] == "passed"
        return watched

    return run


@contextmanager
def unmoved(stores):
    """Let nothing move the head, its records or a prediction."""
    before = relied_on(stores)
    yield
    assert relied_on(stores) == before


def relied_on(stores):
    with stores.ledger() as ledger:
        assert ledger.verify() == []
        head = ledger.head("small")
        moves = [each.position for each in ledger.records("small") if each.kind in ("promotion", "rollback")]
    return head, moves, DeltaTable(str(stores.home / "tables/small/predictions")).version()


def answers(monkeypatch, answer):
    """Let the model's library answer otherwise from now on, as after an upgrade.

    :param answer: Makes an answer of the right one.
    """
    monkeypatch.setattr(Ridge, "predict", lambda self, rows: answer(PREDICT(self, rows)))


def topics(watched):
    return {topic: each["owner"] for topic, each in watched.incidents.items() if each["state"] != "closed"}


def told(watched):
    return {(each.title, each.owner) for each in watched.alerts}


# --- 26 to 30: what the model says


@pytest.mark.parametrize(
    ("answer", "shape"), [(lambda said: said[:-1], "(95,)"), (lambda said: np.stack([said, said], 1), "(96, 2)")]
)  # fmt: skip
def test_27_predictions_of_another_count_or_shape_stop_what_asks_for_them(
    scored, watch, execute, monkeypatch, tmp_path, answer, shape
):
    declare(scored, slo=QUALITY)
    answers(monkeypatch, answer)
    write_rows(scored, DAYS + 10)
    with unmoved(scored), pytest.raises(GateFailed, match=r"score errored: the Pipeline answered .* for 720 rows"):
        score(execute, "s2")
    watched = watch(until="", partition="s")

    assert watched.verdicts["performance"] == "errored"
    assert f"the Pipeline answered {shape} for 96 rows; expected one value per row" in watched.raised["performance"]
    budget = watched.checks("objectives")["SL-O001"]
    assert (budget["verdict"], budget["details"]["good"], budget["details"]["total"]) == ("failed", 640, 1_280)
    assert "640 of 1,280 rows were not delivered (50 %)" in budget["message"]
    assert "no loss to explain: the step 'performance' ended errored" in watched.raised["cause"]
    assert "whether the model got worse is not known" in watched.raised["retrain"]
    assert topics(watched) == {"monitoring": "op", "objective:quality": "op"}
    assert "the step 'performance' errored: the Pipeline answered" in watched.incidents["monitoring"]["sentence"]
    assert told(watched) == {
        ("small: monitoring opened (critical)", "op"), ("small: objective:quality opened (critical)", "op"),
    }  # fmt: skip
    assert "for 96 rows; expected one value per row" in watched.page(tmp_path)


def raising(error):
    def answer(_):
        raise error

    return answer


def test_28_a_model_that_raises_is_quoted(scored, watch, execute, monkeypatch, tmp_path):
    declare(scored, slo=QUALITY)
    answers(monkeypatch, raising(ValueError("no such kernel: 4711")))
    write_rows(scored, DAYS + 10)
    with unmoved(scored), pytest.raises(GateFailed, match="the Pipeline cannot predict: no such kernel: 4711"):
        score(execute, "s2")
    watched = watch(until="", partition="s")

    assert watched.raised["performance"] == "performance errored: the Pipeline cannot predict: no such kernel: 4711"
    assert watched.checks("objectives")["SL-O001"]["verdict"] == "failed"
    assert watched.ended["monitor.cause"] == watched.ended["act.retrain"] == "skipped"
    assert topics(watched) == {"monitoring": "op", "objective:quality": "op"}
    assert "no such kernel: 4711" in watched.incidents["monitoring"]["sentence"]
    assert "no such kernel: 4711" in watched.page(tmp_path)


def crashing(*_):
    raise RuntimeError("no such kernel: 4711")


def test_28_a_step_that_crashes_is_an_incident(scored, watch, monkeypatch, tmp_path):
    # Not of the model's own: an error of ours.
    answers(monkeypatch, lambda said: said)
    monkeypatch.setattr("stageline.evaluation.predictions._require_finite", crashing)
    watched = watch(crash=RuntimeError)

    assert watched.ended["monitor.performance"] == "failed"
    assert watched.verdicts["drift"] == "passed"
    assert topics(watched) == {"monitoring": "op"}
    assert "the step 'performance'" in watched.incidents["monitoring"]["sentence"]
    assert told(watched) == {("small: monitoring opened (critical)", "op")}
    assert "drift" in watched.page(tmp_path)


def test_28_whatever_a_model_raises_is_recorded_and_counted(scored, watch, execute, monkeypatch):
    declare(scored, slo=QUALITY)
    answers(monkeypatch, raising(RuntimeError("no such kernel: 4711")))
    write_rows(scored, DAYS + 10)
    with unmoved(scored), pytest.raises(GateFailed, match="no such kernel: 4711"):
        score(execute, "s2")
    watched = watch(until="", partition="s")
    assert "no such kernel: 4711" in watched.incidents["monitoring"]["sentence"]
    assert "640 of 1,280 rows were not delivered" in watched.checks("objectives")["SL-O001"]["message"]


def test_29_slow_answers_burn_the_latency_objective(scored, watch, tmp_path):
    declare(scored, slo="[{sli: latency, target: 0.9, max_latency_ms: 1.0e-9, min_events: 1}]")
    watched = watch(until="", partition="s")

    (objective,) = watched.evidence("objectives")["objectives"]
    assert (objective["good"], objective["total"], objective["exhausted"]) == (0, 1, True)
    checks = watched.checks("objectives")
    assert {code: each["verdict"] for code, each in checks.items()} == {
        "SL-O001": "failed", "SL-O002": "failed", "SL-O003": "failed",
    }  # fmt: skip
    assert checks["SL-O001"]["message"] == (
        "latency: 1 of 1 scoring runs were too slow (100 %), 1,000 % of the error budget of 30 days (target 0.9) is "
        "used"
    )
    assert (watched.verdicts["drift"], watched.verdicts["performance"]) == ("passed", "passed")
    # Slowness is no reason for another training.
    assert not watched.asked
    assert topics(watched) == {"objective:latency": "op"}
    assert watched.incidents["objective:latency"]["role"] == "operations"
    assert told(watched) == {("small: objective:latency opened (critical)", "op")}
    assert "1 of 1 scoring runs were too slow" in watched.page(tmp_path)


def test_30_constant_predictions_are_found_by_what_the_model_says_without_a_label(
    scored, watch, execute, monkeypatch, tmp_path
):
    answers(monkeypatch, lambda said: np.full(len(said), 150.0))
    score(execute, "s2")
    monkeypatch.setattr(Ridge, "predict", PREDICT)
    watched = watch(until="2026-02-25")

    moved = watched.named("drift")["jensen_shannon(model.prediction)"]
    assert (moved["code"], moved["verdict"], moved["n"]) == ("SL-M005", "failed", 56)
    assert moved["value"] > 0.5
    assert "1 of 3 columns have moved (56 rows): jensen_shannon(model.prediction)" in watched.record("drift").sentence
    # What came in is as it was.
    assert watched.named("drift")["jensen_shannon(x)"]["verdict"] == "passed"
    # These rows trained it: what it says of them is no proof of how good it is.
    assert watched.evidence("performance")["kpi"] is None
    assert "of a row newer than its data" in watched.record("performance").sentence
    assert "no loss to explain" in watched.raised["cause"]
    assert "whether the model got worse is not known" in watched.raised["retrain"]
    assert topics(watched) == {"outputs": "mo"}
    assert watched.incidents["outputs"]["role"] == "model"
    assert told(watched) == {("small: outputs opened (critical)", "mo")}
    assert "model.prediction" in watched.page(tmp_path)


def test_30_a_model_that_became_constant_is_a_loss_against_its_release(scored, watch, execute, monkeypatch):
    answers(monkeypatch, lambda said: np.full(len(said), 150.0))
    score(execute, "s2")
    watched = watch()
    assert watched.evidence("performance")["released"]["high"] < 5
    assert watched.evidence("performance")["kpi"]["value"] > 50
    changed = watched.checks("performance")["SL-M014"]
    assert (changed["verdict"], changed["details"]["reason"]) == ("failed", "answers_changed")
    assert "the model answers otherwise than at its release" in changed["message"]
    assert watched.evidence("performance")["loss"] is None
    assert topics(watched)["performance"] == "mo"


# --- 31 to 33: nothing, too little, nothing defined


def test_31_a_window_without_traffic_is_an_incident_of_the_datas_owner(scored, watch, tmp_path):
    declare(scored, slo="[{sli: kpi, target: 0.9, max_error: 20}, {sli: freshness, target: 0.9, max_age: P1D}]")
    watched = watch(until="2026-05-20")

    assert watched.verdicts["drift"] == "inconclusive"
    assert watched.verdicts["performance"] != "passed"
    assert watched.record("drift").sentence == (
        "no rows in 'data/small.csv' from 2026-05-13 00:00 to 2026-05-20 00:00: nothing is known"
    )
    assert watched.record("performance").sentence == (
        "no prediction was made of rows from 2026-05-11 00:00 to 2026-05-18 00:00"
    )
    assert watched.evidence("performance")["kpi"] is None
    objectives = watched.checks("objectives")
    assert all(each["verdict"] != "passed" for each in objectives.values())
    assert [each["exhausted"] for each in watched.evidence("objectives")["objectives"]] == [None, None]
    assert "no loss to explain: the step 'performance' ended" in watched.raised["cause"]
    assert "whether the model got worse is not known" in watched.raised["retrain"]
    assert not watched.asked
    assert watched.ended["act.alert"] == "failed"
    assert topics(watched) == {"inputs": "di"}
    assert told(watched) == {("small: inputs opened (critical)", "di")}
    assert "no rows in 'data/small.csv' from 2026-05-13 00:00" in watched.incidents["inputs"]["sentence"]
    page = watched.page(tmp_path)
    assert "no rows in" in page
    assert "no prediction was made of rows from 2026-05-11 00:00 to 2026-05-18 00:00" in page


def test_31_rows_that_nobody_scored_are_an_incident_too(scored, watch):
    write_rows(scored, DAYS + 20)
    watched = watch(until="2026-04-08")
    scored_ = watched.checks("drift")["SL-M011"]
    assert (watched.evidence("drift")["rows"], scored_["n"], scored_["verdict"]) == (56, 56, "inconclusive")
    assert "no prediction was made of 56 rows" in scored_["message"]
    assert watched.verdicts["alert"] != "passed"
    assert topics(watched)


def test_32_too_few_events_decide_nothing(scored, watch, tmp_path):
    declare(scored, slo="[{sli: kpi, target: 0.9, max_error: 20, min_events: 1000}]")
    watched = watch(until="2026-03-28T06:00")

    # Six rows are of the window, and twenty-two of the one whose labels are due.
    assert watched.evidence("drift")["rows"] == 6
    assert watched.record("drift").sentence == "none of 3 columns has moved (6 rows); 3 cannot be decided"
    assert watched.verdicts["drift"] == watched.verdicts["performance"] == "inconclusive"
    assert watched.record("performance").sentence.startswith("22 of 22 predictions have a label, min_n = 30")
    loss = watched.checks("performance")["SL-M014"]
    assert (loss["verdict"], loss["n"]) == ("inconclusive", 22)
    budget = watched.checks("objectives")["SL-O001"]
    assert budget["verdict"] == "inconclusive"
    assert "are too few to judge 30 days by (min_events = 1,000)" in budget["message"]
    assert watched.evidence("objectives")["objectives"][0]["exhausted"] is None
    assert not watched.asked
    assert topics(watched) == {}
    assert "22 of 22 predictions have a label, min_n = 30" in watched.page(tmp_path)


def test_33_a_kpi_that_is_not_defined_on_the_window_is_not_judged(scored, watch, tmp_path):
    declare(scored, kpi="{metric: r2_score, min: 0.5}", performance="{min_n: 1}")
    watched = watch(until="2026-03-30T19:00")

    assert watched.verdicts["performance"] == "inconclusive"
    checks = watched.checks("performance")
    assert {code: checks[code]["verdict"] for code in ("SL-M012", "SL-M013", "SL-M014")} == {
        "SL-M012": "passed", "SL-M013": "inconclusive", "SL-M014": "inconclusive",
    }  # fmt: skip
    assert "r2_score is not defined on the window's labelled rows (n = 1)" in checks["SL-M014"]["message"]
    assert (
        "is not judged against the goal min = 0.5: it is not defined on the labelled rows"
        in (checks["SL-M013"]["message"])
    )
    assert checks["SL-M013"]["value"] is None
    # JSON has no NaN.
    assert watched.evidence("performance")["kpi"]["value"] is None
    assert watched.evidence("performance")["loss"] is None
    assert "no loss to explain" in watched.raised["cause"]
    assert "whether the model got worse is not known" in watched.raised["retrain"]
    assert not {"kpi", "performance"} & set(topics(watched))
    assert "r2_score is not defined on the window" in watched.page(tmp_path)


# --- 34: the model before


def test_34_a_model_before_that_is_dead_decides_no_cause_and_nothing_is_rolled_back(
    shelf, stores, watch, execute, tmp_path
):
    shelf.go_to("second released", execute)
    with stores.ledger() as ledger:
        before = ledger.head("small").earlier[-1]
    (stores.home / "tables/small/models" / f"{before.digest.replace(':', '-')}.skops").unlink(missing_ok=True)
    local_file(before.uri).unlink()
    watched = watch(until="2026-03-24", roll_back=True)

    assert watched.checks("performance")["SL-M014"]["verdict"] == "failed"
    # It is not decided, and that is no fault of the monitoring.
    assert watched.checks("cause")["SL-M018"]["verdict"] == "inconclusive"
    assert "model version 1 of 'small': there is no file" in watched.record("cause").sentence
    assert "SL-P003" not in watched.checks("cause")
    with stores.ledger() as ledger:
        assert ledger.head("small").champion.version == 2
    assert topics(watched)["performance"] == "mo"
    assert "monitoring" not in topics(watched)
    assert "there is no file" in watched.page(tmp_path)


# --- 35 and 36: labels


def write_labels(stores, change=lambda rows, _: rows):
    """Write the true values, which come a day after their rows; `change` is given rows and which are judged."""
    rows = pd.read_csv(stores.project / "data/small.csv")[["id", "at", "y"]]
    rows["came"] = pd.to_datetime(rows["at"]) + pd.Timedelta("1D")
    inside = (rows["at"] >= INSIDE[0]) & (rows["at"] < INSIDE[1])
    change(rows, inside).to_parquet(stores.project / "data/labels.parquet")


LABELS = "{uri: data/labels.parquet, arrived: came}"


def test_35_labels_that_never_come_leave_it_undecided_and_are_asked_for(scored, watch, tmp_path):
    declare(scored, labels=LABELS, slo="[{sli: kpi, target: 0.9, max_error: 20}]")
    watched = watch()

    assert watched.verdicts["drift"] == "passed"
    assert watched.verdicts["performance"] == "failed"
    assert watched.record("performance").sentence.startswith(
        "there are no labels: 'data/labels.parquet': there is no such file or folder"
    )
    checks = watched.checks("performance")
    assert {code: each["verdict"] for code, each in checks.items() if code != "SL-M016"} == {
        "SL-M012": "failed", "SL-M013": "inconclusive", "SL-M014": "inconclusive",
    }  # fmt: skip
    # What can be said without them is said, and proves nothing.
    assert checks["SL-M016"]["severity"] == "warning"
    assert watched.evidence("performance")["estimated"]["value"] > 0
    assert watched.evidence("performance")["labels"]["coverage"] == 0
    assert watched.checks("objectives")["SL-O001"]["verdict"] == "errored"
    assert "data/labels.parquet" in watched.checks("objectives")["SL-O001"]["message"]
    assert "whether the model got worse is not known" in watched.raised["retrain"]
    assert topics(watched)["labels"] == "di"
    assert "monitoring" in topics(watched)
    assert ("small: labels opened (critical)", "di") in told(watched)
    assert "data/labels.parquet" in watched.incidents["labels"]["sentence"]
    assert "there are no labels" in watched.page(tmp_path)


def test_36_labels_that_are_not_due_are_not_missed(scored, watch):
    # The newest window's have not come at all.
    write_labels(scored, lambda rows, _: rows[rows["at"] < INSIDE[1]])
    declare(scored, labels=LABELS)
    watched = watch()

    assert watched.evidence("performance")["window"] == {
        "start": f"{INSIDE[0]}T00:00:00+00:00", "end": f"{INSIDE[1]}T00:00:00+00:00",
    }  # fmt: skip
    assert watched.evidence("drift")["window"]["end"] == "2026-03-20T00:00:00+00:00"
    assert watched.verdicts["performance"] == "passed"
    assert watched.evidence("performance")["kpi"]["n"] == 56
    assert watched.verdicts["alert"] == "passed"


def test_36_labels_that_come_late_are_not_known_before(scored, watch, tmp_path):
    def late(rows, inside):
        rows.loc[inside & (rows["id"] % 4 == 0), "came"] += pd.Timedelta("30D")
        return rows

    write_labels(scored, late)
    declare(scored, labels=LABELS)
    watched = watch()

    assert watched.verdicts["performance"] == "failed"
    assert watched.record("performance").sentence.startswith(
        "42 of 56 predictions have a label (75.0%), min_coverage = 90%"
    )
    assert "14 whose label came later" in watched.checks("performance")["SL-M012"]["message"]
    assert watched.evidence("performance")["labels"]["late"] == 14
    assert watched.evidence("performance")["loss"] is None
    assert watched.checks("performance")["SL-M014"]["verdict"] == "inconclusive"
    assert not watched.asked
    assert topics(watched) == {"labels": "di"}
    assert "42 of 56 predictions have a label" in watched.page(tmp_path)


def test_36_labels_that_come_partly_are_judged_once_there_are_enough(scored, watch):
    declare(scored, labels=LABELS)
    write_labels(scored, lambda rows, inside: rows[~(inside & (rows["id"] % 2 == 0))])
    assert watch("m1").record("performance").sentence.startswith("28 of 56 predictions have a label, min_n = 30")

    write_labels(scored, lambda rows, inside: rows[~(inside & (rows["id"] % 14 == 0))])
    watched = watch("m2")
    assert watched.verdicts["performance"] == "passed"
    assert watched.evidence("performance")["labels"]["labelled"] == 52
    assert watched.evidence("performance")["mix"]["reweighted"] is True
    assert watched.verdicts["alert"] == "passed"


def test_36_labels_that_come_twice_count_once_and_contradictions_not_at_all(scored, watch):
    declare(scored, labels=LABELS)
    write_labels(scored, lambda rows, inside: pd.concat([rows, rows[inside].head(7)]))
    same = watch("m1")
    assert same.verdicts["performance"] == "passed"
    assert (same.evidence("performance")["labels"]["repeated"], same.evidence("performance")["kpi"]["n"]) == (7, 56)

    write_labels(scored, lambda rows, inside: pd.concat([rows, rows[inside].tail(5).assign(y=0)]))
    other = watch("m2")
    assert other.verdicts["performance"] == "warned"
    assert (other.evidence("performance")["labels"]["contradictory"], other.evidence("performance")["kpi"]["n"]) == (
        5, 51,
    )  # fmt: skip
    assert "5 left out: two labels contradict each other" in other.record("performance").sentence
    assert other.verdicts["alert"] == "passed"


def test_36_a_loss_is_found_once_the_labels_are_there_and_asks_for_a_training(scored, watch):
    declare(scored, labels=LABELS)
    watch("m1")
    write_labels(scored, lambda rows, inside: rows.assign(y=rows["y"] + 200 * inside))
    watched = watch("m2")

    assert watched.checks("performance")["SL-M014"]["verdict"] == "failed"
    assert watched.verdicts["cause"] == "warned"
    assert "version 1 is the first release" in watched.record("cause").sentence
    assert watched.asked["loss"] == watched.evidence("performance")["loss"]["value"]
    assert topics(watched) == {"performance": "mo", "kpi": "dana"}
    assert watched.asked["incident"] == watched.incidents["performance"]["id"]


# --- 37: the reference


def lose(rows):
    return rows.drop(columns="x")


def rename(rows):
    return rows.rename(columns={"x": "X"})


def retype(rows):
    return rows.assign(x="about " + rows["x"].astype(str))


@pytest.mark.parametrize(
    "change",
    [
        lose, rename, retype,
    ],
)  # fmt: skip
def test_37_a_source_that_is_not_as_the_reference_is_told_by_its_column(scored, watch, tmp_path, change):
    source = scored.project / "data/small.csv"
    rows = pd.read_csv(source)
    labels = rows[["id", "at", "y"]].assign(came=rows["at"])
    labels.to_parquet(scored.project / "data/labels.parquet")
    declare(scored, labels="{uri: data/labels.parquet}")
    change(rows).to_csv(source, index=False)
    watched = watch()

    assert watched.verdicts["drift"] == "errored"
    assert "column 'x'" in watched.record("drift").sentence
    # How good the model was is known nonetheless.
    assert watched.verdicts["performance"] == "passed"
    assert topics(watched) == {"inputs": "di"}
    assert "column 'x'" in watched.incidents["inputs"]["sentence"]
    assert "no loss of performance counts" in watched.raised["retrain"]
    assert "column &#39;x&#39;" in watched.page(tmp_path)


@pytest.mark.parametrize("empty", ["no rows", "only nulls"])
def test_37_a_reference_that_is_empty_compares_with_nothing(stores, execute, empty):
    rows = pd.DataFrame({"x": np.arange(500.0), "colour": ["red", "blue"] * 250})
    reference = rows.head(0) if empty == "no rows" else rows.assign(x=np.nan)
    rows.to_parquet(stores.project / "data/now.parquet")
    reference.to_parquet(stores.project / "data/then.parquet")
    operator = DriftCheckOperator(
        task_id="drift", table="data/now.parquet", reference="data/then.parquet", fail_above=0.1, record_as="small"
    )
    with pytest.raises(GateFailed):
        execute(operator)
    record = stores.records("drift")[-1]
    assert not record.verdict.advances
    said = "'data/then.parquet' holds none" if empty == "no rows" else "missing(x) = 1 "
    assert said in record.sentence
