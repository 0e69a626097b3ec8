import codecs
import csv
import io

import pytest

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
        pytest.param(
            b"a,b\n1,2,3\n", "1 ragged line(s) and no other: line 2 has 3 values instead of 2", id="only a ragged line"
        ),
        pytest.param(
            b"a,b\n" + b"1\n" * 7,
            "7 ragged line(s) and no other: line 2 has 1 value instead of 2; line 3 has 1 value instead of 2; "
            "line 4 has 1 value instead of 2; line 5 has 1 value instead of 2; line 6 has 1 value instead of 2; …",
            id="only ragged lines",
        ),
        pytest.param(
            b'a,b\n1,2\n3,"4\n5"x,6\n7,8\n',
            "the row in lines 3 to 4 has 3 values instead of 2; it may be several rows behind a stray quote: mend it",
            id="a ragged row of several lines",
        ),
        pytest.param(
            b'a,b\n1,5" pipe\n"3\n4,5\n',
            "a quote opened in line 3 is never closed; close it",
            id="an open quote in a file with an even number of them",
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
    parsed = parse_csv(data, "f.csv")
    assert (parsed.table.to_pydict(), parsed.rejected) == (values, ())


def test_types_are_inferred_from_all_rows():
    table = parse_csv(b"a\n" + b"1\n" * 300_000 + b"x\n", "f.csv").table
    assert str(table["a"].type) == "string"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x'; DROP TABLE y; --", "a.b", "💶", '"quoted"'])
def test_hostile_column_names_are_only_names(name):
    text = io.StringIO()
    csv.writer(text).writerows([[name, "b"], [1, 2]])
    assert parse_csv(text.getvalue().encode(), "f.csv").table.column_names == [name, "b"]
