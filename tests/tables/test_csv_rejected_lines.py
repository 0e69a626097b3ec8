import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import SourceError
from stageline.tables import RejectedLine, csv_bytes, read_source
from stageline.tables.csv_bytes import parse_csv


@pytest.mark.parametrize(
    ("data", "values", "rejected"),
    [
        pytest.param(
            b"a,b\n1,2\n3\n", {"a": [1], "b": [2]}, RejectedLine(3, "3", "has 1 value instead of 2"), id="too few"
        ),
        pytest.param(
            b"a,b\n1,2,3\n4,5\n",
            {"a": [4], "b": [5]},
            RejectedLine(2, "1,2,3", "has 3 values instead of 2"),
            id="too many",
        ),
        pytest.param(
            b'a,b\n1,"x\ny\nz"\n2\n',
            {"a": [1], "b": ["x\ny\nz"]},
            RejectedLine(5, "2", "has 1 value instead of 2"),
            id="after quoted newlines",
        ),
        pytest.param(
            b"a,b\n1,2\n\n\n3\n",
            {"a": [1], "b": [2]},
            RejectedLine(5, "3", "has 1 value instead of 2"),
            id="after blank lines",
        ),
        pytest.param(
            b"a,b\n \n1,2\n",
            {"a": [1], "b": [2]},
            RejectedLine(2, " ", "has 1 value instead of 2"),
            id="a line of spaces",
        ),
        pytest.param(
            b"a,b\r\n1,2\r\n3\r\n",
            {"a": [1], "b": [2]},
            RejectedLine(3, "3", "has 1 value instead of 2"),
            id="CRLF",
        ),
        pytest.param(
            b"a,b\n1,2\n\r\n\r3\r4,5",
            {"a": [1, 4], "b": [2, 5]},
            RejectedLine(5, "3", "has 1 value instead of 2"),
            id="all kinds of line ends",
        ),
        pytest.param(
            b'"a\nb",c\n1,2\n3\n',
            {"a\nb": [1], "c": [2]},
            RejectedLine(4, "3", "has 1 value instead of 2"),
            id="header of two lines",
        ),
        pytest.param(
            b'a,b\n1,5" pipe\n2\n',
            {"a": [1], "b": ['5" pipe']},
            RejectedLine(3, "2", "has 1 value instead of 2"),
            id="after a quote within a value",
        ),
        pytest.param(
            b'a,b\n1,"x ""y"""\n"2,3"\n',
            {"a": [1], "b": ['x "y"']},
            RejectedLine(3, '"2,3"', "has 1 value instead of 2"),
            id="quoted itself",
        ),
        pytest.param(
            b"a,b\n1,2\n3",
            {"a": [1], "b": [2]},
            RejectedLine(3, "3", "has 1 value instead of 2"),
            id="no line end at the end",
        ),
        pytest.param(
            "a,b\n1,é,ü\n1,2\n".encode("utf-8-sig"),
            {"a": [1], "b": [2]},
            RejectedLine(2, "1,é,ü", "has 3 values instead of 2"),
            id="not ASCII, after a byte-order mark",
        ),
    ],
)
def test_a_ragged_line_is_no_row_and_comes_back_with_its_number(data, values, rejected):
    parsed = parse_csv(data, "f.csv")
    assert parsed.table.to_pydict() == values
    assert parsed.rejected == (rejected,)


def test_a_rejected_line_does_not_decide_a_columns_type():
    assert str(parse_csv(b"a,b\nx,y,z\n1,2\n", "f.csv").table["a"].type) == "int64"


def test_a_line_after_a_very_long_value_is_found_too():
    data = b'a,b\n1,"' + b"x\n" * 200_000 + b'"\n2\n'
    assert parse_csv(data, "f.csv").rejected == (RejectedLine(200_003, "2", "has 1 value instead of 2"),)


def test_a_long_line_is_cut_and_says_how_long_it_was():
    (line,) = parse_csv(b"a,b\n1,2\n" + b"x" * 12_345 + b"\n", "f.csv").rejected
    assert line.text == "x" * 10_000 + "… (cut; the line has 12,345 characters)"


def test_a_file_with_more_ragged_lines_than_are_kept_is_refused(monkeypatch):
    monkeypatch.setattr(csv_bytes, "_MOST_RAGGED", 3)
    assert len(parse_csv(b"a,b\n1,2\n" + b"3\n" * 3, "f.csv").rejected) == 3
    with pytest.raises(SourceError) as refusal:
        parse_csv(b"a,b\n1,2\n" + b"3\n" * 5, "f.csv")
    assert str(refusal.value) == (
        "'f.csv': more than 3 ragged lines, first line 3 has 1 value instead of 2; mend the file"
    )


def test_a_source_carries_its_rejected_lines(tmp_path):
    (tmp_path / "f.csv").write_text("a,b\n1,2\n3\n4,5\n", encoding="utf-8")
    source = read_source("f.csv", tmp_path)
    assert source.table.num_rows == 2
    assert [line.line for line in source.rejected] == [3]


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
ROWS = st.lists(st.tuples(WORDS, WORDS) | st.just("ragged"), min_size=1, max_size=12)


@given(ROWS)
def test_every_line_is_a_row_or_rejected_at_the_line_it_begins_in(rows):
    # An "x" in front keeps each value a text, and a row of one value from looking like a blank line.
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b"])
    writer.writerow(["first", "row"])
    lines = []
    for row in rows:
        before = text.getvalue().replace("\r\n", "\n").replace("\r", "\n")
        if row == "ragged":
            lines.append(before.count("\n") + 1)
            text.write('"lonely"\r\n')
        else:
            writer.writerow([f"x{value}" for value in row])
    parsed = parse_csv(text.getvalue().encode(), "f.csv")
    assert [line.line for line in parsed.rejected] == lines
    assert {line.text for line in parsed.rejected} <= {'"lonely"'}
    assert parsed.table.num_rows + len(parsed.rejected) == len(rows) + 1
    kept = [row for row in rows if row != "ragged"]
    assert parsed.table["a"].to_pylist()[1:] == [f"x{first}" for first, _ in kept]
