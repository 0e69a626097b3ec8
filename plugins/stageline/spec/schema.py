"""The JSON Schema of a pipeline's file, so that editors complete and check it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from stageline.spec import costs, models, operating
from stageline.spec.expectations import catalogue
from stageline.spec.metrics import METRICS
from stageline.spec.requirements import REQUIRED

DEFAULT_PATH = Path("config", "pipeline.schema.json")

# Where the models of sections are.
_PLACES = (models, operating, costs)
_PARAMETER = re.compile(r":param (\w+):\s*(.+?)(?=\n\s*:|\Z)", re.DOTALL)


def pipeline_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a pipeline's file.

    It is made from the models. What only a person can judge, such as two columns that clash, is left to
    :func:`stageline.spec.load_spec`.
    """
    schema = models.PipelineSpec.model_json_schema()
    sections = schema["$defs"]
    for name, section in {**sections, "PipelineSpec": schema}.items():
        _describe(section, next((found for place in _PLACES if (found := getattr(place, name, None))), None))
    sections["Kpi"]["properties"]["metric"]["enum"] = sorted(METRICS)
    sections["Kpi"]["allOf"] = [_goal("max", "min", more=False), _goal("min", "max", more=True)]
    sections["Expectation"] = _expectation(sections["Expectation"])
    schema["allOf"] = [_stage(stage, keys) for stage, keys in REQUIRED.items() if keys]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Stageline pipeline",
    }


def write_schema(path: Path) -> None:
    """Write the schema to a file, sorted and indented."""
    path.write_text(json.dumps(pipeline_schema(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _describe(section: dict[str, Any], model: type | None) -> None:
    """Replace pydantic's generated titles by the docstring's own words."""
    text = (model.__doc__ or "") if model else ""
    section["description"] = _one_line(text.split(":param")[0])
    section.pop("title", None)
    described = dict(_PARAMETER.findall(text))
    for name, field in section.get("properties", {}).items():
        field.pop("title", None)
        if name in described:
            field["description"] = _one_line(described[name])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _goal(required: str, refused: str, *, more: bool) -> dict[str, Any]:
    names = sorted(name for name, metric in METRICS.items() if metric.greater_is_better is more)
    return {
        "if": {"properties": {"metric": {"enum": names}}, "required": ["metric"]},
        "then": {
            "required": [required],
            "properties": {required: {"type": "number"}, refused: {"type": "null"}},
        },
    }


def _expectation(section: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one expectation: its type decides which arguments it takes."""
    own = section["properties"]
    own["type"]["enum"] = sorted(catalogue())
    choices = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {
                **arguments,
                "properties": dict.fromkeys(own, True) | arguments["properties"],
                "additionalProperties": False,
            },
        }
        for name, arguments in catalogue().items()
    ]
    return {**section, "additionalProperties": True, "allOf": choices}


def _stage(stage: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the rule that a stage requires its keys; none of them may be null or empty."""
    then: dict[str, Any] = {"required": [], "properties": {}}
    for key in keys:
        section = then
        for part in key.split("."):
            section.setdefault("required", [])
            if part not in section["required"]:
                section["required"].append(part)
            section = section.setdefault("properties", {}).setdefault(part, {"not": {"enum": [None, []]}})
    return {"if": {"properties": {"stage": {"const": stage}}, "required": ["stage"]}, "then": then}


def main() -> None:
    """Write the schema to the path given on the command line, else to `config/pipeline.schema.json`."""
    write_schema(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_PATH)


if __name__ == "__main__":
    main()
