"""A page's tags and attribute names, to compare a page of any text with one of plain words."""

from html.parser import HTMLParser

from hypothesis import strategies as st

DRAWN = {"svg", "g", "path", "line", "rect", "text", "tspan"}
# A name may break after an underscore, and backticks make code: these two come and go with the text.
FORMATTING = {"wbr", "code"}


# Bits of markup, code and paths between arbitrary characters.
ANY_TEXT = (
    st.lists(
        st.sampled_from([*"<>&\"'`/=;:%{}[]_.\\\n\t\0", "script", "svg", "style", "--", "!", "on", "]]>", "#"])
        | st.text(alphabet=st.characters(), max_size=4),
        min_size=1,
        max_size=60,
    )
    .map("".join)
    .filter(bool)
)


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
