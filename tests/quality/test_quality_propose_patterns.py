import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proposal_judging import broken

from stageline.quality import propose_expectations
from stageline.quality.proposals.text_shapes import find_shape

MATCH = "expect_column_values_to_match_regex"


def patterns(texts, **roles):
    found = propose_expectations(
        pd.DataFrame({"x": texts}), keys=roles.get("keys", ()), event_time=roles.get("event_time"), target=None
    )
    return [item.expectation.arguments["regex"] for item in found if item.expectation.type == MATCH]


def numbered(template, step=37):
    return [template.format(number * step) for number in range(1, 61)]


@pytest.mark.parametrize(
    ("texts", "pattern", "also", "not_"),
    [
        ([f"2026-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)],
         "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2027-12-31", "2027-12-31T10:00"),
        ([f"2026-01-{day:02d}T10:00:00Z" for day in range(1, 31)], None, "2026-01-01 10:00:00.5+01:00", "2026-01-01"),
        (numbered("INV-{:06d}"), "^INV-[0-9]{6}$", "INV-123456", "INV-1234567"),
        (numbered("INV-{}"), "^INV-[0-9]+$", "INV-1234567", "inv-1"),
        (numbered("{:08x}-0000-0000-0000-000000000000"), None, "0123abCD-0123-0123-0123-0123456789ab", "0123"),
        (numbered("{:08x}"), "^[0-9a-f]{8}$", "deadbeef", "deadbee"),
        ([f"{a}{b}" for a in "ABCDEF" for b in "GHIJKL"], "^[A-Z]{2}$", "ZZ", "zz"),
        (numbered("a.b+{}$[c]\\^"), r"^a[.]b[+][0-9]+[$]\[c\]\\\^$", "a.b+1$[c]\\^", "aXb+1$[c]\\^"),
        (numbered("user{}@example.org"), r"^[^@ ]+@[^@ ]+[.][^@ .]+$", "a.b+c@d.example", "a@b"),
        (numbered("https://example.org/{}"), "^https?://[^ ]+$", "http://a", "ftp://a"),
        (numbered("{}"), "^[0-9]+$", "1", "-1"),
    ],
    ids=["dates", "times", "padded ids", "growing ids", "uuids", "hexadecimal", "codes", "special signs", "mail", "web",
         "digits"],
)  # fmt: skip
def test_texts_of_one_shape_get_its_pattern(texts, pattern, also, not_):
    (found,) = patterns(texts)

    assert pattern in (None, found)
    assert re.search(found, also)
    assert not re.search(found, not_)


@pytest.mark.parametrize(
    "texts",
    [
        [f"a note {'x' * number}" for number in range(40)],
        [*numbered("T-{}"), "T1"],
        [*numbered("T-{}"), ""],
        [*numbered("T-{}"), "T-1 "],
        numbered("größe {}"),
        [f"{'x' * number} 1" for number in range(1, 60)],
        ["-" * 81 + str(number) for number in range(40)],
        [f"{'.' * number}" for number in range(1, 40)],
        [f"T-{number}" for number in range(8)] * 10,
    ],
    ids=["prose", "one other", "an empty one", "a blank behind", "not ASCII", "words", "long", "many signs", "a set"],
)
def test_texts_of_no_common_shape_get_none(texts):
    assert patterns(texts) == []


def test_keys_and_times_as_text_keep_their_shape():
    assert patterns(numbered("T-{:05d}"), keys=["x"]) == ["^T-[0-9]{5}$"]
    assert patterns([f"2026-01-{day:02d}" for day in range(1, 31)] * 2, event_time="x") == [
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    ]


SIGNS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6)


@st.composite
def shaped(draw):
    """Draw texts with signs between runs of digits and letters, as ids and codes have them."""
    signs = draw(st.lists(SIGNS, min_size=1, max_size=4))
    runs = [draw(st.sampled_from(["[0-9]{1,4}", "[0-9]{5}", "[A-Z]{2}", "[0-9a-f]{6}"])) for _ in signs]
    made = "".join(f"{re.escape(sign)}{run}" for sign, run in zip(signs, runs, strict=True))
    return draw(st.lists(st.from_regex(made, fullmatch=True), min_size=2, max_size=25, unique=True))


@given(shaped())
def test_a_shape_matches_all_texts_it_was_learned_from(texts):
    shape = find_shape(texts)

    assert shape is None or all(re.fullmatch(shape, text) for text in texts)


@settings(max_examples=25)
@given(shaped())
def test_a_shape_means_the_same_to_re2(texts):
    import duckdb

    others = [text[::-1] for text in texts] + [text + "0" for text in texts]
    shape = find_shape(texts)
    if shape is not None:
        rows = duckdb.execute(
            "SELECT regexp_matches(t, $1) FROM unnest($2) AS s(t)", [shape, texts + others]
        ).fetchall()  # fmt: skip
        assert [row[0] for row in rows] == [bool(re.search(shape, text)) for text in texts + others]


@pytest.mark.postgres
def test_patterns_mean_the_same_to_postgresql(postgres_url):
    import psycopg

    templates = ["a.b+{}$[c]\\^", "({})|{{x}}*?", "{:08x}", "INV-{:06d}/#&~", "2026-01-{:02d}", "user{}@x.example"]
    with psycopg.connect(postgres_url) as connection:
        for template in templates:
            texts = [template.format(number) for number in range(10, 31)]
            (pattern,) = patterns(texts * 2)
            asked = [*texts, *(text[::-1] for text in texts), *(f"{text}0" for text in texts), "", "{x}", "a.b"]
            rows = connection.execute("SELECT t ~ %s FROM unnest(%s::text[]) AS s(t)", (pattern, asked)).fetchall()
            assert [row[0] for row in rows] == [bool(re.search(pattern, text)) for text in asked]


def test_a_pattern_holds_on_its_own_texts_and_not_on_others():
    frame = pd.DataFrame({"x": numbered("a.b+{}$[c]\\^")})
    found = propose_expectations(frame, keys=(), event_time=None, target=None)

    assert broken(frame, found) == []
    assert any("without a match" in message for message in broken(frame.replace(r"\$", "€", regex=True), found))
