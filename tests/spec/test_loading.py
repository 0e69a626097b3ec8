import subprocess
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageline.exceptions import SpecError
from stageline.spec import (
    PipelineSpec,
    Stage,
    find_pipelines_folder,
    load_pipeline,
    load_spec,
    missing_for,
    pipeline_names,
)


def test_a_pilot_loads_as_written(load, pilot, project):
    loaded = load(pilot)
    spec = loaded.spec
    assert spec.stage is Stage.PILOT
    assert spec.source.keys == ("instant",)
    assert spec.target.label_delay == timedelta(days=1)
    assert spec.kpi.goal == 60.0
    assert spec.quality[0].arguments == {"column": "hum", "min_value": 0, "max_value": 1}
    assert loaded.project == project
    assert loaded.path == project / "config" / "pipelines" / "bike_demand.yaml"


def test_a_poc_and_a_production_spec_load(load, poc, production):
    assert load(poc).spec.stage is Stage.POC
    assert load(production).spec.release.rollout.steps == (5, 25, 100)


def test_the_digest_is_of_the_meaning(load, pilot):
    digest = load(pilot).digest
    assert digest.startswith("sha256:")
    lines = pilot.splitlines()
    assert (
        load(
            "# a comment\n" + "\n".join(reversed([*lines[:6], *lines[8:]])) + "\n" + "\n".join(lines[6:8]) + "\n"
        ).digest
        == digest
    )
    assert load(pilot.replace("P7D", "P1W") + "schedule: null\n").digest == digest
    assert load(pilot.replace("max: 60", "max: 61")).digest != digest


def test_a_spec_survives_its_own_json(load, production):
    spec = load(production.replace("P7D", "P500D")).spec
    assert PipelineSpec.model_validate_json(spec.model_dump_json(exclude_none=True)) == spec


def test_several_errors_come_together_in_the_order_of_the_file(refusal, pilot):
    lines = refusal(pilot.replace("stage: pilot", "stage: pilott").replace("metric:", "metrc:") + "wat: 1\n")
    assert lines == [
        "bike_demand.yaml:2: stage: found 'pilott', allowed: poc, pilot, production; did you mean 'pilot'?",
        "bike_demand.yaml:10: kpi.metrc: unknown key; did you mean 'metric'?",
        f"bike_demand.yaml:14: wat: unknown key; allowed: {', '.join(PipelineSpec.model_fields)}",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "keys: [instant]",
            "keys: instant",
            "4: source.keys: found the text 'instant', expected a list, e.g. [a, b]",
        ),
        ("max: 60", "max: high", "10: kpi.max: found the text 'high', expected a number"),
        ("max: 60", "max: true", "10: kpi.max: found true (true-false), expected a number"),
        ("column: cnt", "column: 3", "5: target.column: found the number 3, expected text"),
        ("column: cnt", "column: [cnt]", "5: target.column: found a list of 1, expected text"),
        ("column: cnt", "column: ' '", "5: target.column: a column name may not be blank"),
        ("column: cnt", "column: null", "5: target.column: found nothing (null), expected text"),
        ("column: cnt,", "", "5: target.column: missing; it is required"),
        (
            "task: regression",
            "task: regression, positive: 1.5",
            "5: target.positive: found the number 1.5, expected text or a whole number or true or false",
        ),
        ("train: {", "train: 3 # {", "9: train: found the number 3, expected a mapping"),
        ("{max_iter: 300}", "[3]", "9: train.params: found a list of 1, expected a mapping"),
        ("exclude: [casual,", "exclude: [3,", "6: features.exclude.0: found the number 3, expected text"),
        (
            "exclude: [",
            "calendar: no, exclude: [",
            "6: features.calendar: found the text 'no', expected true or false",
        ),
        ("target: batch", "target: ftp", "12: release.target: found 'ftp', allowed: batch, http, sagemaker"),
        ("[model]", "[]", "12: release.approvers: found an empty list, expected at least 1 entry"),
        ("k: 2", "k: 4", "13: monitor.persist.k: k = 4 of n = 3 can never happen; k must be at most n"),
        (
            "window: P7D",
            "window: PT0S",
            "13: monitor.window: found no time at all, expected a duration above zero",
        ),
        ("window: P7D", "window: 7", "13: monitor.window: found the number 7, expected a duration"),
        (
            "critical}",
            "criticl}",
            "8: quality.0.severity: found 'criticl', allowed: critical, warning, info; did you",
        ),
        (
            "sklearn.ensemble",
            "torch",
            "9: train.estimator: found 'torch.HistGradientBoostingRegressor', expected text",
        ),
    ],
)
def test_wrong_values_are_told_in_yaml_words(refusal, pilot, old, new, line):
    (said,) = refusal(pilot.replace(old, new))
    assert said.startswith(f"bike_demand.yaml:{line}")


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("'@dayly'", "unknown preset '@dayly'; did you mean '@daily'?"),
        ("every day", "'every day' is neither a cron expression of 5 fields nor a preset"),
    ],
)
def test_a_schedule_that_is_none(refusal, poc, schedule, says):
    (said,) = refusal(f"{poc}schedule: {schedule}\n")
    assert said.startswith(f"wine.yaml:7: schedule: {says}")


@pytest.mark.parametrize("schedule", ["'@daily'", "0 6 * * 1-5", "null"])
def test_a_schedule(load, poc, schedule):
    load(f"{poc}schedule: {schedule}\n")


class TestFolders:
    def test_found_from_below(self, project):
        inner = project / "dags" / "deep"
        inner.mkdir(parents=True)
        assert find_pipelines_folder(inner) == project / "config" / "pipelines"
        assert find_pipelines_folder(project / "config" / "pipelines") == project / "config" / "pipelines"

    def test_not_found(self, tmp_path):
        with pytest.raises(SpecError, match="no folder 'config/pipelines' in"):
            find_pipelines_folder(tmp_path)

    def test_a_pipeline_by_name(self, load, poc, project):
        expected = load(poc)
        folder = project / "config" / "pipelines"
        assert load_pipeline("wine", folder) == expected
        (folder / ".hidden.yaml").touch()
        assert pipeline_names(folder) == ("wine",)

    @pytest.mark.parametrize(
        ("name", "says"),
        [("wien", "did you mean 'wine'?"), ("zzz", "known: wine"), ("../../wine", ""), ("", "known: wine")],
    )
    def test_an_unknown_name(self, load, poc, project, name, says):
        load(poc)
        with pytest.raises(SpecError, match="no pipeline") as caught:
            load_pipeline(name, project / "config" / "pipelines")
        assert says in str(caught.value)

    def test_an_empty_or_missing_folder(self, project):
        with pytest.raises(SpecError, match="it holds no pipeline"):
            load_pipeline("wine", project / "config" / "pipelines")
        with pytest.raises(SpecError, match="cannot be listed"):
            load_pipeline("wine", project / "nowhere")

    def test_the_name_is_the_files(self, refusal, poc):
        (said,) = refusal("# renamed\n" + poc)
        assert said.startswith("bike_demand.yaml:2: pipeline: found 'wine', but the file is 'bike_demand.yaml'")

    def test_a_file_elsewhere_or_absent(self, tmp_path, project):
        with pytest.raises(SpecError, match="put it at PROJECT/config/pipelines"):
            load_spec(tmp_path / "wine.yaml")
        with pytest.raises(SpecError, match="cannot be read"):
            load_spec(project / "config" / "pipelines" / "wine.yaml")


class TestStages:
    def test_a_pilot_without_its_sections(self, refusal, poc):
        lines = refusal(poc.replace("poc", "pilot"))
        keys = ["gates", "monitor", "owners.business", "owners.data", "owners.model", "quality", "release"]
        assert lines == [
            *(f"wine.yaml:1: {key}: missing; stage 'pilot' requires it" for key in keys),
            "wine.yaml:3: source.keys: missing; stage 'pilot' requires it",
        ]

    @pytest.mark.parametrize(
        ("old", "key", "line"),
        [
            (", operations: o@example.com", "owners.operations", 3),
            ("event_time: dteday, ", "source.event_time", 4),
            (", value_per_unit: 0.15", "kpi.value_per_unit", 10),
            (", rollout: {steps: [5, 25, 100], interval: PT1H, deadline: P1D}", "release.rollout", 12),
            (", persist: {k: 2, n: 3}", "monitor.persist", 13),
        ],
    )
    def test_production_names_what_is_missing(self, refusal, production, old, key, line):
        assert old in production
        lines = refusal(production.replace(old, ""))
        assert lines == [f"bike_demand.yaml:{line}: {key}: missing; stage 'production' requires it"]

    def test_what_a_pilot_lacks_for_production(self, load, pilot):
        assert missing_for(load(pilot).spec, "production") == ("release.rollout",)


class TestContradictions:
    @pytest.mark.parametrize(
        ("old", "new", "line"),
        [
            ("[casual,", "[cnt,", "6: features.exclude.0: names 'cnt', which is the target column"),
            ("registered]", "casual]", "6: features.exclude.1: names 'casual' twice"),
            ("[instant]", "[instant, cnt]", "4: source.keys.1: names 'cnt', which is the target column"),
            ("dteday", "cnt", "4: source.event_time: names 'cnt', which is the target column"),
            (
                "mean_absolute_error, max",
                "accuracy_score, min",
                "10: kpi.metric: 'accuracy_score' is for classification",
            ),
            (
                "mean_absolute_error",
                "mean_abs_error",
                "10: kpi.metric: unknown metric 'mean_abs_error'; did you mean",
            ),
            (
                "max: 60",
                "min: 60",
                "10: kpi.min: mean_absolute_error: less is better, so its goal is 'max', not 'min'",
            ),
            (
                "regression,",
                "regression, positive: 1,",
                "5: target.positive: a regression has no positive class",
            ),
        ],
    )
    def test_named_with_key_and_line(self, refusal, pilot, old, new, line):
        (said,) = refusal(pilot.replace(old, new))
        assert said.startswith(f"bike_demand.yaml:{line}")

    def test_an_approver_nobody_is(self, refusal, pilot):
        text = pilot.replace(", operations: o@example.com", "").replace("[model]", "[model, operations]")
        (said,) = refusal(text)
        assert said.startswith("bike_demand.yaml:12: release.approvers.1: 'operations' approves, but owners.")


def test_importing_the_room_stays_light():
    heavy = {
        *("airflow", "altair", "deltalake", "duckdb", "great_expectations", "jinja2", "mlflow"),
        *("numpy", "pandas", "pyarrow", "sklearn", "sqlalchemy"),
    }
    code = "import sys, stageline.spec; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not heavy & set(loaded)


_words = st.sampled_from(
    [
        "3",
        "-1",
        "true",
        "null",
        "[]",
        "{}",
        "[3]",
        "{a: 1}",
        "''",
        "text",
        "'@daily'",
        "P1D",
        "1.5",
        "*a",
        "\u2028",
    ]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(start=st.integers(0, 900), length=st.integers(0, 40), word=_words | st.text(max_size=8))
def test_a_spec_with_any_part_replaced_loads_or_is_a_spec_error(load, production, start, length, word):
    try:
        load(production[:start] + word + production[start + length :])
    except SpecError as error:
        for line in str(error).split("\n"):
            assert line.startswith("config/pipelines/bike_demand.yaml")
