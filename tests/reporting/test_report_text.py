from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.reporting.details import in_words
from stageline.reporting.formats import moment, money, number, percent, signed, whole
from stageline.reporting.text import distinct_labels, label, shown

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
ANY_TEXT = st.text(alphabet=st.characters(), max_size=500)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        (" two\n\n words\t", "two words"),
        ("a\x00b\x1b", "a␀b␛"),
        ("\u202egpj.exe", "\N{REPLACEMENT CHARACTER}gpj.exe"),
        ("\ud800", "\N{REPLACEMENT CHARACTER}"),
        ("\ufffe\x9b", "\N{REPLACEMENT CHARACTER}" * 2),
        ("", "(blank)"),
        (" \n", "(blank)"),
        ("95\N{NO-BREAK SPACE}%", "95\N{NO-BREAK SPACE}%"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 3),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_text_is_made_fit_to_show(text, expected):
    assert shown(text) == expected


@given(ANY_TEXT, st.integers(min_value=8, max_value=300))
def test_shown_text_is_bounded_and_stays_what_it_is(text, limit):
    once = shown(text, limit)
    assert 0 < len(once) <= max(limit, len("(blank)"))
    assert shown(once, limit) == once
    once.encode()


def test_a_megabyte_is_cut():
    assert shown("x" * 1_000_000) == "x" * 199 + "…"


def test_labels_that_became_equal_stay_apart():
    labels = distinct_labels(["same" * 20, "same" * 21, "other", "other"], 28)
    assert len(set(labels)) == 4


@pytest.mark.parametrize("text", ["\N{PILE OF POO}" * 50, "漢字" * 50, "a" * 50, "mixed 漢字 " * 9, "short"])
def test_a_label_fits_its_columns(text):
    cut = label(text, 20)
    assert sum(2 if ord(character) > 0x2E80 else 1 for character in cut) <= 20
    assert cut == text or cut.endswith("…")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (41.234, "41.2"),
        (60.0, "60"),
        (0.5, "0.5"),
        (12345.6, "12,346"),
        (-0.0211, MINUS + "0.0211"),
        (0.0, "0"),
        (-0.0, "0"),
        (0.99961, "0.9996"),
        (99.96, "100"),
        (1e-12, "1e" + MINUS + "12"),
        (1.5e300, "1.5e300"),
        (float("nan"), DASH),
        (float("-inf"), DASH),
        (None, DASH),
    ],
)
def test_numbers_for_people(value, expected):
    assert number(value) == expected


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_every_number_is_short(value):
    assert 0 < len(number(value)) <= 17


def test_whole_numbers_of_any_size():
    assert whole(17379) == "17,379"
    assert whole(10**400) == "1e400"


@pytest.mark.parametrize(
    ("share", "expected"), [(0.95, "95 %"), (0.083, "8.3 %"), (7.0, "700 %"), (float("nan"), DASH), (0, "0 %")]
)
def test_shares_as_percentages(share, expected):
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [(3.4, "USD 3.40"), (-41.61, "USD " + MINUS + "41.61"), (15210.4, "USD 15,210"), (0.578123, "USD 0.578")],
)
def test_money(amount, expected):
    assert money(amount, "USD").replace("\N{NO-BREAK SPACE}", " ") == expected
    assert money(float("inf"), "USD") == DASH


def test_a_gain_has_a_sign():
    assert (signed(57.1), signed(-0.5), signed(0.0), signed(float("inf"))) == ("+57.1", MINUS + "0.5", "0", DASH)


def test_times_are_in_utc_or_as_they_are():
    berlin = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 3, 21, 14, 5, tzinfo=berlin)).startswith("2026-03-21 12:05")
    assert moment(datetime(2026, 3, 21, 14, 5)) == "2026-03-21 14:05"  # noqa: DTZ001 - without a zone
    assert moment(datetime.min.replace(tzinfo=berlin)).startswith("0001-01-01 00:00")
    assert moment(datetime.max.replace(tzinfo=UTC)).startswith("9999-12-31")


def test_details_are_few_and_short():
    nested = {
        "deep": [[[[[1]]]]],
        "many": list(range(1000)),
        "nan": float("nan"),
        "big": "x" * 10**6,
        "no": None,
    }
    words = dict(in_words(nested | {f"k{i}": i for i in range(100)}))
    assert len(words) == 6
    assert words["many"] == "0, 1, 2, 3, 4, 5, 6, 7, …"
    assert words["nan"] == DASH
    assert all(len(text) <= 160 for text in words.values())
