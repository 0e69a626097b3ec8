import math
from datetime import datetime

import pytest
import report_samples as samples
from pydantic import ValidationError

from stageline.reporting.content import ConfusionView, ReportContent


def test_content_is_frozen_and_closed():
    content = samples.minimal()
    with pytest.raises(ValidationError):
        content.sentence = "other"
    with pytest.raises(ValidationError, match="colour"):
        samples.minimal(colour="red")


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValidationError, match="created_at"):
        samples.minimal(created_at=datetime(2026, 3, 21))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    "url", ["https://example.com/a?b=c#d", "http://localhost:5000/#/x", "card.html", "../a/b", "/a", "#notes"]
)
def test_links_that_may_stand(url):
    assert samples.minimal(links={"x": url}).links["x"] == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example.com",
        "///evil.example.com",
        "\\\\evil.example.com",
        "/\\evil.example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "https:evil",
        "https://user:secret@example.com",
        "https://example.com/a b",
        "https://[broken",
        "",
        "https://example.com/" + "x" * 3000,
        "https://example.com/\ud800",
    ],
)
def test_links_that_may_not(url):
    with pytest.raises(ValidationError, match="links"):
        samples.minimal(links={"x": url})


def test_a_link_never_shows_its_password():
    with pytest.raises(ValidationError) as caught:
        samples.minimal(links={"x": "https://user:hunter2@example.com"})
    assert "take it out" in str(caught.value)


@pytest.mark.parametrize("counts", [((1, 2),), ((1,), (2,)), ((1, 2), (3, 4, 5))])
def test_a_confusion_matrix_is_square(counts):
    with pytest.raises(ValidationError, match="2 rows of 2"):
        ConfusionView(labels=("a", "b"), counts=counts)


def test_content_survives_json_even_with_what_is_not_finite():
    content = samples.full(scatter=((math.inf, 1.0),))
    again = ReportContent.model_validate_json(content.model_dump_json())
    assert again == content
