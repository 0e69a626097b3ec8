import math

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from stageline.exceptions import SpecError
from stageline.spec.strict_yaml import parse_yaml
from stageline.spec.yaml_scalars import plain_value


def _same_in_both_versions(text):
    """Whether the older YAML of `safe_dump` leaves unquoted only what is text in YAML 1.2 too."""
    try:
        return plain_value(text) == text
    except ValueError:
        return False


_texts = st.text(max_size=20).filter(_same_in_both_versions)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | _texts
    | st.floats(allow_nan=False).filter(math.isfinite)
)
_keys = _texts.filter(lambda key: key != "<<")
_data = st.dictionaries(
    _keys,
    st.recursive(
        _scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


@given(_data)
def test_plain_data_survives_safe_dump(data):
    text = yaml.safe_dump(data, allow_unicode=False)
    assert parse_yaml(text, file="x.yaml").value == data


@given(st.text() | st.text(alphabet="abc:-[]{}&*!?|>'\"#%@,\n 01.~<"))
@example("a: &a *a")
@example("a: &a\nb: *a")
@example("%YAML 9.9\n---\na: 1")
@example("? a")
@example("a: |\n  x\n b")
def test_any_text_is_data_or_a_spec_error(text):
    _read(text)


@given(st.binary())
def test_any_bytes_are_data_or_a_spec_error(data):
    _read(data)


def _read(content):
    try:
        value = parse_yaml(content, file="x.yaml").value
    except SpecError as error:
        said = str(error)
    else:
        said = "x.yaml" if isinstance(value, dict) else repr(value)
    assert said.startswith("x.yaml")
