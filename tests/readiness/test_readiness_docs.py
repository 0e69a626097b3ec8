"""The page about readiness says of each test what it is, how long its evidence holds and how it is earned."""

from pathlib import Path

import pytest

from stageline.readiness import REQUIREMENTS, TESTS, band_of
from stageline.spec.durations import format_duration

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "readiness.md").read_text("utf-8")


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.code)
def test_each_test_has_its_line(test):
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {test.code} ")]
    assert test.title in line
    assert test.full in line
    assert test.half in line
    assert f" {format_duration(test.lifetime)} " in line
    command = test.earn.partition(" (")[0].replace("{name}", "NAME")
    assert command in line or command in ("{train}", "{monitor}", "{score}", "{drill}")


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.code)
def test_each_requirement_has_its_line(requirement):
    (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {requirement.code} ")]
    assert requirement.title in line
    for stage in requirement.stages:
        assert stage.value in line


def test_the_bands_are_those_of_the_code():
    for score in (0, 1, 2, 3, 5, 6):
        assert f"| {band_of(score)} |" in PAGE


def test_the_codes_stand_among_the_checks():
    text = (DOCS / "checks.md").read_text("utf-8")
    for code in ("SL-G007", "SL-L010", "SL-L011", "SL-L101 to SL-L407", "SL-L001 to SL-L006"):
        assert f"| {code} |" in text
