import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stageline.onboarding.yaml_text import comment, flow, scalar
from stageline.spec.strict_yaml import parse_yaml
from stageline.tables.wording import nearest, printable, shown

texts = st.text(max_size=30)
values = st.recursive(
    st.one_of(
        texts,
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts.filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(values)
def test_every_value_comes_back_from_the_strict_reader(value):
    assert parse_yaml(f"key: {flow(value)}\n", file="x").value == {"key": value}


@given(texts)
def test_text_means_the_same_to_readers_of_yaml_1_1(text):
    assert yaml.safe_load(f"[{scalar(text)}]") == [text]


@given(texts, texts)
def test_a_comment_never_becomes_content(first, second):
    lines = comment(f"{first}\n{second} end", indent=2)
    assert parse_yaml("\n".join([*lines, "a: 1", ""]), file="x").value == {"a": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="not a finite number"):
        scalar(value)


@pytest.mark.parametrize(
    ("name", "said"),
    [("cnt", "cnt"), ("a b", "'a b'"), ("\x1b[31m", r"'\\x1b[31m'"), ("x" * 99, f"'{'x' * 60}…'")],
)
def test_names_in_sentences_are_short_and_harmless(name, said):
    assert shown(name) == said
    assert printable(shown(name)) == shown(name)


def test_the_nearest_name_ignores_case():
    assert nearest("TARGET", ["other", "target"]) == "target"
    assert nearest("zzz", ["other", "target"]) is None
