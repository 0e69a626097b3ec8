"""Every dependency that is declared is installed and can be imported."""

import importlib
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENTS = [Requirement(text) for text in PROJECT["dependencies"]]
# Where a distribution has several modules, or none that says so.
MODULES = {"apache-airflow": "airflow", "duckdb": "duckdb", "psycopg": "psycopg"}
# Optional ones are tested where they are installed.
EXTRAS = ("celery", "postgres", "spark")
OPTIONAL = [Requirement(text) for extra in EXTRAS for text in PROJECT["optional-dependencies"][extra]]
OPTIONAL_MODULES = {"apache-airflow-providers-celery": "airflow.providers.celery"}

NAMES = {
    canonicalize_name(dist): module
    for module, dists in packages_distributions().items()
    for dist in dists
    if not module.startswith("_")
}


def module_of(requirement):
    name = canonicalize_name(requirement.name)
    return MODULES.get(name) or NAMES[name]


@pytest.mark.filterwarnings("ignore")  # of the libraries' own while they are imported
@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_a_dependency_can_be_imported(requirement):
    importlib.import_module(module_of(requirement))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.name)
def test_a_dependency_is_one_that_was_asked_for(requirement):
    assert requirement.specifier.contains(version(requirement.name))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("requirement", OPTIONAL, ids=lambda requirement: requirement.name)
def test_an_optional_dependency_can_be_imported(requirement):
    name = OPTIONAL_MODULES.get(canonicalize_name(requirement.name), requirement.name)
    pytest.importorskip(name, reason=f"{requirement.name} is not installed here")


def test_every_dependency_has_a_lower_bound_or_says_why():
    unbounded = {
        requirement.name
        for requirement in (*REQUIREMENTS, *OPTIONAL)
        if not any(part.operator in (">=", "==", "~=") for part in requirement.specifier)
    }
    # Airflow bounds these from below itself.
    assert unbounded <= {"fastapi", "starlette"}
