import pandas as pd
import pytest

from stageline.exceptions import DataError
from stageline.quality.columns import nearest_column, require_distinct_names
from stageline.quality.wording import as_list, as_measured, as_percent, as_text


@pytest.mark.parametrize(("name", "near"), [("Hum", "hum"), ("wind_speed", "windspeed"), ("zzz", None)])
def test_nearest_column(name, near):
    assert nearest_column(name, ["hum", "windspeed"]) == near


@pytest.mark.parametrize("names", [["a", "A", " a"], [], pd.DataFrame({"a": [1], "b": [2]})])
def test_distinct_names_are_fine(names):
    require_distinct_names(names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a", "b", "a"], "column 'a' occurs twice; give each column a name of its own"),
        (["a", 7], "column name 7 is a int, not a text; rename the column"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "column 'x' occurs twice"),
    ],
)
def test_a_name_that_says_nothing_is_refused(names, words):
    with pytest.raises(DataError, match=words):
        require_distinct_names(names)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-3.0, "-3"), (1.0000001, "1.0000001"), (7, "7"), (True, "True"), ("a\nb", r"'a\nb'"),
        (float("nan"), "nan"), ((1, 2.5), "(1, 2.5)"), ({"a": 1, "b": "x"}, "(1, 'x')"), (None, "None"),
    ],
)  # fmt: skip
def test_values_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "0 %"), (0.069, "0.07 %"), (0.0001, "less than 0.01 %"), (33.3333, "33.33 %"), (100, "100 %")],
)
def test_percent_as_text(percent, text):
    assert as_percent(percent) == text


def test_a_rounded_number_never_looks_like_its_limit():
    assert as_measured(0.123456789, {"max_value": 1}) == "0.123457"
    assert as_measured(1.0000000001, {"max_value": 1}) == "1.0000000001"


def test_a_long_list_is_counted():
    assert as_list(range(1_013)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,003 more"
