"""Specs as the DAG processor and a task's process see them."""

import os
import re
import shutil

import pytest
from own_airflow import ROOT
from small_project import SPEC, write_project, write_spec

from stageline.templates import load_dags

TASKS = ["evaluate.holdout", "features.snapshot", "quality.expectations", "report", "train.model"]


@pytest.fixture
def project(tmp_path):
    """Give a project with the pipeline `small` and the DAG file of every project."""
    write_project(tmp_path)
    shutil.copy(ROOT / "dags/stageline_dags.py", tmp_path / "dags")
    return tmp_path


@pytest.fixture
def dag_file(project):
    return project / "dags/stageline_dags.py"


def add(project, name, text):
    (project / "config/pipelines" / f"{name}.yaml").write_text(text, encoding="utf-8")


def named(name, **changes):
    text = SPEC.replace("pipeline: small", f"pipeline: {name}")
    for key, value in changes.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    return text


def task_ids(dag):
    return sorted(task["__var"]["task_id"] for task in dag["tasks"])


def test_each_spec_becomes_its_dag(parse, project, dag_file):
    add(project, "second", named("second"))
    add(project, ".hidden", "not a spec")

    parsed = parse(dag_file)

    assert parsed.errors == {}
    assert sorted(parsed.dags) == ["second", "small"]
    assert all(task_ids(dag) == TASKS for dag in parsed.dags.values())
    assert parsed.dags["small"]["tags"] == ["stage:poc", "stageline"]


def test_this_repositorys_dags(parse):
    parsed = parse(ROOT / "dags/stageline_dags.py")
    assert parsed.errors == {}
    specs = {path.stem for path in (ROOT / "config/pipelines").glob("*.yaml")}
    assert {dag_id.partition(".")[0] for dag_id in parsed.dags} == specs
    pilot = {f"hourly_demand_pilot.{name}" for name in ("train", "score", "monitor", "readiness", "costs")}
    production = {
        f"hourly_demand_production.{name}" for name in ("train", "score", "monitor", "drill", "readiness", "costs")
    }
    assert set(parsed.dags) == (specs - {"hourly_demand_pilot", "hourly_demand_production"}) | pilot | production


BROKEN = {
    "unknown_key": ("pipeline: unknown_key\nstages: poc\n", r"unknown_key\.yaml:2: stages: .*did you mean 'stage'"),
    "malformed": ("pipeline: [", r"malformed\.yaml:2:1: malformed YAML"),
    "other_name": (SPEC, r"other_name\.yaml:1: pipeline: found 'small', but the file is 'other_name\.yaml'"),
    "no_schedule": (
        named("no_schedule") + 'schedule: "61 * * * *"\n',
        r"no_schedule\.yaml: schedule: '61 \* \* \* \*' is no schedule: .*out of range",
    ),
    "space in its name": (SPEC, r"space in its name\.yaml:1: pipeline"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_spec_is_an_import_error_of_its_own(parse, project, dag_file, name):
    text, message = BROKEN[name]
    add(project, name, text)

    parsed = parse(dag_file)

    # The DAG file itself has no error: with one, Airflow would stop scheduling all of its DAGs.
    assert list(parsed.errors) == [f"config/pipelines/{name}.yaml"]
    assert re.search(rf"config/pipelines/{message}", parsed.errors[f"config/pipelines/{name}.yaml"])
    assert list(parsed.dags) == ["small"]


def test_broken_specs_do_not_hide_each_other(parse, project, dag_file):
    for name, (text, _) in BROKEN.items():
        add(project, name, text)

    parsed = parse(dag_file)

    assert sorted(parsed.errors) == sorted(f"config/pipelines/{name}.yaml" for name in BROKEN)
    assert list(parsed.dags) == ["small"]


PILOT = """
owners: {business: b@example.com, model: m@example.com, data: d@example.com}
gates: {min_improvement: 0.0}
release: {target: batch, approvers: [model]}
monitor: {window: P7D, drift: {fail_above: 0.1}}
"""
PRODUCTION = """
owners: {business: b@example.com, model: m@example.com, data: d@example.com, operations: o@example.com}
gates: {min_improvement: 0.0}
release: {target: batch, approvers: [model], rollout: {steps: [10], interval: PT1H, deadline: PT2H}}
monitor: {window: P7D, drift: {fail_above: 0.1}, persist: {k: 1, n: 2}}
"""


def test_a_pilot_trains_scores_and_watches(parse, project, dag_file):
    source = "{uri: data/small.csv, keys: [x], event_time: at}"
    add(project, "later", named("later", stage="pilot", source=source) + PILOT)

    parsed = parse(dag_file)

    assert parsed.errors == {}
    assert sorted(parsed.dags) == [
        "later.costs", "later.monitor", "later.readiness", "later.score", "later.train", "small",
    ]  # fmt: skip
    assert task_ids(parsed.dags["later.costs"]) == ["alert", "costs"]
    assert task_ids(parsed.dags["later.readiness"]) == ["readiness"]
    assert "0 0 * * *" in str(parsed.dags["later.readiness"]["timetable"])
    assert task_ids(parsed.dags["later.monitor"]) == [
        "act.alert", "act.retrain", "monitor.cause", "monitor.drift", "monitor.objectives", "monitor.performance",
        "report",
    ]  # fmt: skip


def test_without_event_times_there_are_no_windows_to_watch(parse, project, dag_file):
    add(project, "later", named("later", stage="pilot", source="{uri: data/small.csv, keys: [x]}") + PILOT)

    assert sorted(parse(dag_file).dags) == ["later.costs", "later.readiness", "later.score", "later.train", "small"]


@pytest.mark.parametrize(
    ("schedule", "retrain", "timetable"),
    [
        (None, "", "NullTimetable"),
        ('"@daily"', "", "CronTriggerTimetable"),
        (None, ", retrain: {cooldown: P7D}", "AssetTriggeredTimetable"),
        ('"@daily"', ", retrain: {cooldown: P7D}", "AssetOrTimeSchedule"),
    ],
)
def test_training_runs_by_the_clock_and_when_the_monitoring_asks(
    parse, project, dag_file, schedule, retrain, timetable
):
    pilot = PILOT.replace("fail_above: 0.1}}", f"fail_above: 0.1}}{retrain}}}")
    source = "{uri: data/small.csv, keys: [x], event_time: at}"
    more = f"schedule: {schedule}\n" if schedule else ""
    add(project, "later", named("later", stage="pilot", source=source) + pilot + more)

    parsed = parse(dag_file)

    assert parsed.errors == {}
    assert parsed.dags["later.train"]["timetable"]["__type"].endswith(timetable)


def in_production(**release):
    """Return a spec in production, with more said of its release."""
    kpi = "{metric: mean_absolute_error, max: 5, value_per_unit: 1}"
    source = "{uri: data/small.csv, keys: [x], event_time: at}"
    more = "".join(f", {key}: {value}" for key, value in release.items())
    spec = named("later", stage="production", source=source, kpi=kpi) + PRODUCTION
    return spec.replace("target: batch", f"target: batch{more}")


def test_production_rolls_out_and_rehearses_the_way_back(parse, project, dag_file):
    add(project, "later", in_production(approvals="1"))

    parsed = parse(dag_file)

    assert parsed.errors == {}
    assert sorted(parsed.dags) == [
        "later.costs",
        "later.drill",
        "later.monitor",
        "later.readiness",
        "later.score",
        "later.train",
        "small",
    ]
    assert task_ids(parsed.dags["later.drill"]) == ["drill"]
    assert "0 0 * * 0" in str(parsed.dags["later.drill"]["timetable"])


def test_every_approval_is_a_task_of_its_own(parse, project, dag_file):
    spec = in_production(approvals="2").replace("approvers: [model]", "approvers: [model, operations]")
    add(project, "later", spec)

    tasks = task_ids(parse(dag_file).dags["later.train"])

    assert [task for task in tasks if task.startswith("release.")] == [
        "release.approve_1", "release.approve_2", "release.rollout", "release.validate",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ({"drill": "sometimes"}, "release.drill: 'sometimes' is no schedule"),
        ({"approvals": "2"}, "release.approvals: 2 approvals of 1 people can never come; name more approvers"),
        ({"approvals": "0"}, "release.approvals"),
    ],
)
def test_a_release_that_cannot_be_is_an_import_error(parse, project, dag_file, release, said):
    add(project, "later", in_production(**release))

    assert said in parse(dag_file).errors["config/pipelines/later.yaml"]


def test_without_a_folder_of_specs_the_dag_file_says_so(parse, tmp_path):
    (tmp_path / "dags").mkdir()
    shutil.copy(ROOT / "dags/stageline_dags.py", tmp_path / "dags")
    (error,) = parse(tmp_path / "dags/stageline_dags.py").errors.values()
    assert "no folder 'config/pipelines'" in error


def test_a_configured_folder_that_is_not_there_is_an_error(parse, dag_file, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__STAGELINE__PIPELINES_FOLDER", str(tmp_path / "nowhere"))
    (error,) = parse(dag_file).errors.values()
    assert "nowhere' cannot be listed" in error


def test_a_task_process_reads_only_its_own_spec(project, dag_file, monkeypatch):
    add(project, "second", named("second"))
    opened = []
    monkeypatch.setattr("stageline.templates.loading.load_spec", lambda path: opened.append(path.stem) or _load(path))
    monkeypatch.setitem(os.environ, "_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")

    assert list(load_dags(str(dag_file))) == ["dag_second"]
    assert opened == ["second"]


def _load(path):
    from stageline.spec import load_spec

    return load_spec(path)


def test_reading_twice_gives_the_same_dag_version(parse, dag_file, project):
    first, second = (parse(dag_file).dags["small"] for _ in range(2))
    assert first == second
    write_spec(project, schedule='"@daily"')
    assert parse(dag_file).dags["small"] != first


@pytest.mark.parametrize(
    "file",
    [
        "stageline_dags.py",
        "examples/custom_training.py",
        "examples/hourly_demand_by_hand.py",
        "examples/monitoring_by_hand.py",
        "examples/rollout_by_hand.py",
    ],
)
def test_airflow_finds_nothing_that_inflates_versions(parse, monkeypatch, file):
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL", "error")
    parsed = parse(ROOT / "dags" / file)
    assert parsed.errors == {}
    assert parsed.dags


def test_airflow_would_find_what_inflates_versions(parse, tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_VERSION_INFLATION_CHECK_LEVEL", "error")
    (tmp_path / "dags").mkdir()
    code = "from datetime import datetime\nfrom airflow.sdk import DAG\nDAG('x', start_date=datetime.now())\n"
    (tmp_path / "dags/inflating.py").write_text(code, encoding="utf-8")
    assert parse(tmp_path / "dags/inflating.py").errors != {}
