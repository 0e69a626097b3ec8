"""Whatever names and values hold, the page has the tags of a page with plain words, and no others."""

from html.parser import HTMLParser

import pytest
import report_samples as samples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageline.reporting import render_page

DRAWN = {"svg", "g", "path", "line", "rect", "text", "tspan"}
# A name may break after an underscore, and backticks make code: these two come and go with the text.
FORMATTING = {"wbr", "code"}


class Skeleton(HTMLParser):
    """The tags and attribute names of a page, and apart from them those of its drawings."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.page, self.drawn, self.depth = [], set(), 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        names = tuple(name for name, _ in attrs)
        if tag == "svg":
            self.depth += 1
        if self.depth:
            self.drawn.add(tag)
            assert not any(name.startswith("on") or name in {"href", "style"} for name in names)
        elif tag not in FORMATTING:
            self.page.append((tag, names))

    def handle_endtag(self, tag):
        if tag == "svg":
            self.depth -= 1
        elif not self.depth and tag not in FORMATTING:
            self.page.append((f"/{tag}", ()))

    def handle_comment(self, data):
        self.page.append(("comment", ()))

    def unknown_decl(self, data):
        self.page.append(("declaration", ()))

    def handle_pi(self, data):
        self.page.append(("instruction", ()))


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
@given(
    st.lists(
        st.sampled_from([*"<>&\"'`/=;:%{}[]_.\\\n\t\0", "script", "svg", "style", "--", "!", "on", "]]>", "#"])
        | st.text(alphabet=st.characters(), max_size=4),
        min_size=1,
        max_size=60,
    )
    .map("".join)
    .filter(bool)
)
def test_any_text_is_only_text(text):
    check(text)
