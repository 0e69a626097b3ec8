import pyarrow as pa
import pytest
from engine_tables import as_frame, fill

from stageline.exceptions import DataError
from stageline.quality.engines import open_arrow, open_frame, open_postgresql, open_spark
from stageline.quality.engines.portable_regex import backtracks, for_duckdb, for_java, for_postgresql
from stageline.spec.models import Expectation

TEXTS = [
    "", "a", "A", "ab", "a\n", "a\nb", "\n", "1", "\u0661", "é", "É", "_", "-", "]", "[", "^", "a]b", "&&", "a&&b", "a.b",
    "\\", "$", "x1y", "🦆", "\t", " ", "\u00a0", "foo bar", "foobar", "2026-01-31", "aaa", "\x0b", "\r", "{2}",
]  # fmt: skip
PATTERNS = [
    "^a$", "a$", "^$", "a.b", ".", "^.$", r"\d", r"\D", r"^\w+$", r"\W", r"\s", r"^\S+$", r"[\d]", r"[^\s]", r"[]a]",
    r"[^]a]", "[[]", r"[a-f&&[b]]", r"\bfoo\b", r"o\Bb", r"\x41", r"\x{1F986}", r"^(?:a|b)+$", r"(?P<year>\d{4})-",
    r"[\]\\]", r"a{2,}", r"a+?", r"^[^\n]*$", r"\.", r"\$", r"\\", r"[.]", r"^\Aa\z", "é", "(?i)^a", "[é-ê]", r"\{2\}",
]  # fmt: skip
SUITE = [
    Expectation.model_construct(type="expect_column_values_to_match_regex", column="t", regex=pattern, mostly=1.0)
    for pattern in PATTERNS
]
TABLE = pa.table({"t": TEXTS})


def matched(table):
    """Return for each pattern the texts it is found in."""
    rows = table.failing_rows(SUITE)
    failed = dict(zip(rows.rows["t"].to_pylist(), rows.failed, strict=True))
    outcomes = table.evaluate(SUITE)
    assert [outcome.error for outcome in outcomes] == [""] * len(SUITE)
    return {
        pattern: [text for text in TEXTS if place not in failed.get(text, ())] for place, pattern in enumerate(PATTERNS)
    }


@pytest.fixture(scope="module")
def reference():
    with open_arrow(TABLE) as table:
        return matched(table)


def test_the_patterns_tell_the_texts_apart(reference):
    assert reference[r"\d"] == ["1", "x1y", "2026-01-31", "{2}"]
    assert reference["a.b"] == ["a.b", "a]b"] or reference["a.b"] == ["a]b", "a.b"]
    assert reference["a$"] == ["a", "aaa"]
    assert len({tuple(texts) for texts in reference.values()}) > 25


def test_pandas_reads_them_alike(reference):
    with open_frame(as_frame(TABLE)) as table:
        assert matched(table) == reference


def test_postgresql_reads_them_alike(reference, database, postgres_url):
    fill(database, "patterns", TABLE)
    with open_postgresql(postgres_url, "patterns") as table:
        assert matched(table) == reference


@pytest.mark.xdist_group("spark")
def test_spark_reads_them_alike(reference, spark):
    with open_spark(spark.createDataFrame([(text,) for text in TEXTS], "t string")) as table:
        assert matched(table) == reference


@pytest.mark.parametrize("pattern", ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?>a)", "a++", "a{2}+"])
def test_looking_around_is_for_pandas_alone(pattern):
    assert backtracks(pattern)
    with pytest.raises(DataError, match="which the engine duckdb cannot.*use the engine pandas"):
        for_duckdb(pattern)


@pytest.mark.parametrize("pattern", ["[(?=]", r"\(\?=", "a+", r"\\1", r"[\1]", "a?b", "(?:a)", "(?P<n>a)"])
def test_what_only_looks_like_it_is_fine(pattern):
    assert not backtracks(pattern)
    assert for_duckdb(pattern) == pattern


def test_pandas_looks_around():
    asked = [Expectation.model_construct(type=SUITE[0].type, column="t", regex="^(?!foo)", mostly=1.0)]
    with open_frame(as_frame(TABLE)) as table:
        assert table.failing_rows(asked).rows["t"].to_pylist() == ["foo bar", "foobar"]
    with open_arrow(TABLE) as table:
        assert "use the engine pandas" in table.evaluate(asked)[0].error


def test_what_an_engine_does_not_know_is_named():
    with pytest.raises(DataError, match="which the engine postgresql does not know; list the characters"):
        for_postgresql(r"\p{L}")
    with pytest.raises(DataError, match="which the engine spark does not know; list the characters"):
        for_java("[[:alpha:]]")
