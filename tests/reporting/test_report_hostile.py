"""Whatever names and values hold, the page has the tags of a page with plain words, and no others."""

import pytest
import report_samples as samples
from hypothesis import HealthCheck, given, settings
from page_skeleton import ANY_TEXT, DRAWN, Skeleton

from stageline.reporting import render_page

PLAIN = Skeleton(render_page(samples.words("plain")))


def check(text):
    page = render_page(samples.words(text))
    skeleton = Skeleton(page)
    assert skeleton.page == PLAIN.page
    assert skeleton.drawn <= DRAWN
    assert not any(control in page for control in ("\x00", "\x1b", "\x7f", "\u202e"))
    page.encode()


@pytest.mark.parametrize("text", [text for text in samples.HARM if text], ids=samples.short_id)
def test_known_harm_is_only_text(text):
    check(text)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_TEXT)
def test_any_text_is_only_text(text):
    check(text)
