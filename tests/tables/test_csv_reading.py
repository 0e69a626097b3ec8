import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import SourceError
from stageline.tables import csv_bytes
from stageline.tables.csv_bytes import parse_csv

HIGH_BYTE = "Zürich".encode("latin-1")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"a,b,a\n1,2,3\n", "columns 1 and 3 have the same name 'a'; rename one", id="duplicate names"),
        pytest.param(b"a,,c\n1,2,3\n", "column 2 of 3 has no name; give it one", id="a blank name"),
        pytest.param(b"a, ,c\n1,2,3\n", "column 2 of 3 has no name; give it one", id="a name of spaces"),
        pytest.param(b"\na,b\n1,2\n", "line 1 holds no column names; expected a header", id="a blank first line"),
        pytest.param(b",,\n1,2,3\n", "line 1 holds no column names; expected a header", id="only commas"),
        pytest.param(b"a;b\n1;2\n", "line 1 is separated by ';'; save it with commas", id="semicolons"),
        pytest.param(b"a\tb\n1\t2\n", "line 1 is separated by tabs; save it with commas", id="tabs"),
        pytest.param("a,b\n1,2\n".encode("utf-16"), "is UTF-16; save it as UTF-8", id="UTF-16"),
        pytest.param(
            codecs.BOM_UTF16_BE + "a,b\n1,2\n".encode("utf-16-be"), "is UTF-16; save it as UTF-8", id="UTF-16 BE"
        ),
        pytest.param(
            "a,b\n1,2\n".encode("utf-16-le"),
            "holds a zero byte at offset 1; it is not a text file in UTF-8",
            id="UTF-16 without mark",
        ),
        pytest.param(b"a,b\n1,\0\n", "holds a zero byte at offset 6; it is not a text file in UTF-8", id="a zero byte"),
        pytest.param(
            b"town,n\nBern,1\n" + HIGH_BYTE + b",2\n",
            "byte 0xfc at offset 15 (line 3) is not UTF-8; the file is in another encoding or mixes several; "
            "save it as UTF-8",
            id="a Latin-1 byte in the middle",
        ),
        pytest.param(
            b"town,n\r\nBern,1\r\n" + HIGH_BYTE + b",2\r\n",
            "byte 0xfc at offset 17 (line 3) is not UTF-8",
            id="a Latin-1 byte after CRLF",
        ),
        pytest.param(
            b"town,n\rBern,1\r" + HIGH_BYTE + b",2\r",
            "byte 0xfc at offset 15 (line 3) is not UTF-8",
            id="a Latin-1 byte after CR",
        ),
        pytest.param(
            "stadt,n\nZürich,1\n".encode() + HIGH_BYTE + b",2\n",
            "byte 0xfc at offset 19 (line 3) is not UTF-8",
            id="mixed encodings",
        ),
        pytest.param(b"a,b\n1,2\n3\n", "1 ragged line(s): line 3 has 1 values instead of 2", id="too few values"),
        pytest.param(b"a,b\n1,2,3\n", "1 ragged line(s): line 2 has 3 values instead of 2", id="too many values"),
        pytest.param(
            b'a,b\n1,"x\ny\nz"\n2\n', "1 ragged line(s): line 5 has 1 values instead of 2", id="after quoted newlines"
        ),
        pytest.param(
            b"a,b\n1,2\n\n\n3\n", "1 ragged line(s): line 5 has 1 values instead of 2", id="after blank lines"
        ),
        pytest.param(b"a,b\r\n1,2\r\n3\r\n", "1 ragged line(s): line 3 has 1 values instead of 2", id="after CRLF"),
        pytest.param(
            b'"a\nb",c\n1,2\n3\n', "1 ragged line(s): line 4 has 1 values instead of 2", id="header of two lines"
        ),
        pytest.param(
            b"a,b\n" + b"1\n" * 7,
            "7 ragged line(s): line 2 has 1 values instead of 2; line 3 has 1 values instead of 2; "
            "line 4 has 1 values instead of 2; line 5 has 1 values instead of 2; line 6 has 1 values instead of 2; …",
            id="many ragged lines",
        ),
        pytest.param(
            b'a,b\n1,2\n3,"4\n5,6\n', "a quote opened after line 2 is never closed; close it", id="an open quote"
        ),
    ],
)
def test_bad_csv_is_refused_with_what_and_where(data, sentence):
    with pytest.raises(SourceError) as refusal:
        parse_csv(data, "data/bikes.csv")
    assert str(refusal.value).startswith("'data/bikes.csv': ")
    assert sentence in str(refusal.value)


def test_a_ragged_line_after_a_value_too_long_for_python_is_given_by_its_row():
    data = b'a,b\n1,"' + b"x\n" * 200_000 + b'"\n2\n'
    with pytest.raises(SourceError, match=r"row 3 has 1 values instead of 2"):
        parse_csv(data, "f.csv")


def test_a_file_above_arrows_limit_is_refused(monkeypatch):
    monkeypatch.setattr(csv_bytes, "_MOST_BYTES", 8)
    with pytest.raises(SourceError, match=r"'f.csv': has 12 bytes, a CSV file at most 8; save it as Parquet"):
        parse_csv(b"a,b\n1,2\n3,4\n", "f.csv")


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (codecs.BOM_UTF8 + b"a,b\n1,2\n", {"a": [1], "b": [2]}),
        (b"a,b\r\n1,x\r\n", {"a": [1], "b": ["x"]}),
        (b"a\n1\n2\n", {"a": [1, 2]}),
        (b'a,b\n1,"x, ""y"""\n', {"a": [1], "b": ['x, "y"']}),
        (b'a,b\n1,5" pipe\n', {"a": [1], "b": ['5" pipe']}),
        (b"a,b\n,x\nNA,\n", {"a": [None, None], "b": ["x", None]}),
        (b"a,b\n1,true\n2,false\n", {"a": [1, 2], "b": [True, False]}),
    ],
)
def test_good_csv_is_read_as_it_stands(data, values):
    assert parse_csv(data, "f.csv").to_pydict() == values


def test_types_are_inferred_from_all_rows():
    table = parse_csv(b"a\n" + b"1\n" * 300_000 + b"x\n", "f.csv")
    assert str(table["a"].type) == "string"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x'; DROP TABLE y; --", "a.b", "💶", '"quoted"'])
def test_hostile_column_names_are_only_names(name):
    text = io.StringIO()
    csv.writer(text).writerows([[name, "b"], [1, 2]])
    assert parse_csv(text.getvalue().encode(), "f.csv").column_names == [name, "b"]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=8), st.integers(0, 7))
def test_a_ragged_lines_number_is_the_line_it_begins_in(rows, at):
    # An "x" in front keeps each value a text, and a row of one value from looking like a blank line.
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    at %= len(rows)
    for row in rows[:at]:
        writer.writerow([f"x{value}" for value in row])
    before = text.getvalue()
    text.write('"lonely"\r\n')
    line = before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    with pytest.raises(SourceError, match=rf"line {line} has 1 values instead of 2"):
        parse_csv(text.getvalue().encode(), "f.csv")
