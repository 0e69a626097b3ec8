"""Whatever names and values hold, the data-quality page has the tags of a page with plain words, and no others."""

import pytest
import quality_samples as samples
import report_samples
from hypothesis import HealthCheck, given, settings
from page_skeleton import ANY_TEXT, Skeleton

from stageline.reporting import render_quality_page

HARM = (
    *(text for text in report_samples.HARM if text),
    "javascript:alert(1)",
    "[click](javascript:alert(1)) ![x](http://127.0.0.1/x.png)",
    "</title></style><style>*{display:none}</style>",
    "x" * 200,
    "\u2067\u200f" + "name_" * 40,
    "=cmd|' /C calc'!A0",
)
PLAIN = Skeleton(render_quality_page(samples.failed("plain")))


def check(text):
    page = render_quality_page(samples.failed(text))
    skeleton = Skeleton(page)
    assert skeleton.page == PLAIN.page
    assert skeleton.drawn == {"svg", "path", "circle"}
    assert not any(control in page for control in ("\x00", "\x1b", "\x7f", "\u202e", "\u2067"))
    page.encode()


def test_the_plain_page_fills_every_section():
    opened = [tag for tag, _ in PLAIN.page]
    assert opened.count("section") == 8
    assert {"article", "details", "table", "figure", "dl"} <= set(opened)


@pytest.mark.parametrize("text", HARM, ids=report_samples.short_id)
def test_known_harm_is_only_text(text):
    check(text)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_TEXT)
def test_any_text_is_only_text(text):
    check(text)


def test_texts_of_a_megabyte_stay_small():
    size = len(render_quality_page(samples.failed("<&'\"\N{PILE OF POO}" * 100_000)).encode())
    assert size < 400_000
