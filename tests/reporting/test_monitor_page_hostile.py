"""Whatever names and values hold, the monitoring page has the tags of a page with plain words, and no others."""

import monitor_samples as samples
import pytest
import report_samples
from hypothesis import HealthCheck, given, settings
from page_skeleton import ANY_TEXT, Skeleton

from stageline.reporting import render_monitor_page

HARM = (
    *(text for text in report_samples.HARM if text),
    "javascript:alert(1)",
    "</title></style><style>*{display:none}</style>",
    "\u2067\u200f" + "name_" * 40,
)
# Charts of the history have no text of the data: drawn once, they would only take time here.
PLAIN = Skeleton(render_monitor_page(samples.full("plain", history=())))


def check(text):
    page = render_monitor_page(samples.full(text, history=()))
    skeleton = Skeleton(page)
    assert skeleton.page == PLAIN.page
    assert skeleton.drawn == {"svg", "path", "circle"}
    assert not any(control in page for control in ("\x00", "\x1b", "\x7f", "\u202e", "\u2067"))
    page.encode()


def test_the_plain_page_fills_every_section():
    opened = [tag for tag, _ in PLAIN.page]
    assert opened.count("section") == 10
    assert {"article", "details", "table", "figure", "dl", "ol"} <= set(opened)


@pytest.mark.parametrize("text", HARM, ids=report_samples.short_id)
def test_known_harm_is_only_text(text):
    check(text)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_TEXT)
def test_any_text_is_only_text(text):
    check(text)


def test_texts_of_a_megabyte_stay_small():
    size = len(render_monitor_page(samples.full("<&'\"\N{PILE OF POO}" * 100_000, history=())).encode())
    assert size < 400_000
