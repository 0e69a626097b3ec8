"""The bad configurations of the reliability list, by their numbers."""

import pytest


def test_41_malformed_yaml_with_line_and_column(refusal, pilot):
    (said,) = refusal(pilot.replace("keys: [instant]", "keys: [instant"))
    assert said.startswith("bike_demand.yaml:4:")
    assert "malformed YAML" in said
    assert said.split(":")[2].isdigit()


def test_42_unknown_key_with_a_suggestion(refusal, pilot):
    assert refusal(pilot.replace("metric:", "metrc:")) == [
        "bike_demand.yaml:10: kpi.metrc: unknown key; did you mean 'metric'?"
    ]


def test_43_duplicate_key_names_both_lines(refusal, pilot):
    assert refusal(pilot + "stage: poc\n") == [
        "bike_demand.yaml:14:1: duplicate key 'stage'; it stands on line 2 already"
    ]


def test_44_a_cycle_is_printed(refusal, pilot):
    (said,) = refusal(pilot.replace("params: {max_iter: 300}", "params: &p {again: *p}"))
    assert said.startswith("bike_demand.yaml:9:87: the alias *p contains itself, a cycle: ")
    assert said.endswith("train.params → train.params.again → train.params")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("-0.1", "13: monitor.drift.fail_above: found the number -0.1, expected a number above 0"),
        ("0", "13: monitor.drift.fail_above: found the number 0, expected a number above 0"),
        (".nan", "13:69: monitor.drift.fail_above: .nan is not a finite number"),
        ("-.inf", "13:69: monitor.drift.fail_above: -.inf is not a finite number"),
        ("nan", "13: monitor.drift.fail_above: found the text 'nan', expected a number"),
    ],
)
def test_45_negative_or_nan_threshold(refusal, pilot, value, line):
    (said,) = refusal(pilot.replace("fail_above: 0.1", f"fail_above: {value}"))
    assert said.startswith(f"bike_demand.yaml:{line}")


def test_46_unknown_stage(refusal, pilot):
    assert refusal(pilot.replace("stage: pilot", "stage: pilott")) == [
        "bike_demand.yaml:2: stage: found 'pilott', allowed: poc, pilot, production; did you mean 'pilot'?"
    ]


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ("[5, 25, 25]", "12: release.rollout.steps.2: steps must increase, but 25 follows 25"),
        ("[50, 25]", "12: release.rollout.steps.1: steps must increase, but 25 follows 50"),
        ("[5, 150]", "12: release.rollout.steps.1: found the number 150, expected a number of at most 100"),
        (
            "[0, 50]",
            "12: release.rollout.steps.0: 0 is a shadow, which the target 'batch' does not have; begin with a share of the rows",
        ),
        ("[]", "12: release.rollout.steps: found an empty list, expected at least 1 entry"),
    ],
)
def test_47_rollout_steps(refusal, production, steps, line):
    assert refusal(production.replace("[5, 25, 100]", steps)) == [f"bike_demand.yaml:{line}"]


def test_47_a_deadline_before_the_first_look(refusal, production):
    (said,) = refusal(production.replace("deadline: P1D", "deadline: PT30M"))
    assert said.startswith("bike_demand.yaml:12: release.rollout.deadline: PT30M is shorter than interval = PT1H")


@pytest.mark.parametrize(
    ("old", "line"),
    [
        ("max: 60, ", "10: kpi.max: missing; mean_absolute_error: less is better, so its goal is 'max'"),
        (", fail_above: 0.1", "13: monitor.drift.fail_above: missing; it is required"),
        (", n: 3", "13: monitor.persist.n: missing; it is required"),
        (
            "min_value: 0, max_value: 1, ",
            "8: quality.0: expect_column_values_to_be_between has no limit; write min_value or max_value",
        ),
    ],
)
def test_48_missing_threshold(refusal, pilot, old, line):
    assert refusal(pilot.replace(old, "")) == [f"bike_demand.yaml:{line}"]


@pytest.mark.parametrize("uri", ["../bikes.csv", "data/../../bikes.csv", "/etc/passwd", "~/bikes.csv"])
def test_49_a_path_that_leaves_the_project(refusal, pilot, uri):
    (said,) = refusal(pilot.replace("data/bike_sharing_hour.csv", uri))
    assert said.startswith(f"bike_demand.yaml:4: source.uri: {uri!r} ")
    assert "put the file under the project folder" in said


def test_49_a_link_that_leaves_the_project(refusal, pilot, project, tmp_path_factory):
    (project / "data").symlink_to(tmp_path_factory.mktemp("elsewhere"))
    (said,) = refusal(pilot)
    assert said.startswith("bike_demand.yaml:4: source.uri: 'data/bike_sharing_hour.csv' leaves the project")
