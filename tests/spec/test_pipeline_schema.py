import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from stageline.spec.schema import pipeline_schema, write_schema
from stageline.spec.strict_yaml import parse_yaml

PINNED = Path(__file__).resolve().parents[2] / "config" / "pipeline.schema.json"


@pytest.fixture(scope="module")
def validator():
    schema = pipeline_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _errors(validator, text):
    data = parse_yaml(text, file="x.yaml").value
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def test_the_pinned_file_is_what_the_models_say(tmp_path):
    write_schema(tmp_path / "schema.json")
    fresh = (tmp_path / "schema.json").read_text(encoding="utf-8")
    assert PINNED.read_text(encoding="utf-8") == fresh, "run python -m stageline.spec.schema"


def test_good_specs_are_valid(validator, poc, pilot, production):
    assert [_errors(validator, text) for text in (poc, pilot, production)] == [[], [], []]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("metric:", "metrc:"),
        ("stage: pilot", "stage: pilott"),
        ("mean_absolute_error", "mean_error"),
        ("max: 60", "min: 60"),
        ("max: 60, ", ""),
        ("P7D", "P1M"),
        ("P7D", "PT"),
        ("fail_above: 0.1", "fail_above: -1"),
        ("[model]", "[boss]"),
        ("keys: [instant]", "keys: []"),
        ("gates:", "description: x # gates:"),
        ("business: dana@example.com, ", ""),
        ("expect_column_values_to_be_between", "expect_magic"),
        ("column: hum", "colum: hum"),
        ("min_value: 0, max_value: 1, ", ""),
        ("max_value: 1", "max_value: 1, mostly: 2"),
        ("max_value: 1", "max_value: 1, row_condition: x"),
        ("column: hum", "column: ' '"),
    ],
)
def test_bad_specs_are_not(validator, pilot, old, new):
    assert old in pilot
    assert _errors(validator, pilot.replace(old, new))


def test_production_requires_its_sections(validator, pilot):
    (said,) = _errors(validator, pilot.replace("stage: pilot", "stage: production"))
    assert said == "$.release: 'rollout' is a required property"


def test_keys_are_described_in_the_models_own_words():
    schema = json.loads(PINNED.read_text(encoding="utf-8"))
    assert schema["properties"]["pipeline"]["description"] == "Name; also the DAG's id and the MLflow experiment's."
    assert schema["$defs"]["Drift"]["properties"]["fail_above"]["description"].startswith("Distance above which")
