import pytest
import yaml

from stageline.exceptions import SpecError
from stageline.spec import strict_yaml
from stageline.spec.strict_yaml import MAX_BYTES, parse_yaml


@pytest.fixture(params=["libyaml", "pure Python"])
def _both_parsers(request, monkeypatch):
    if request.param == "pure Python":
        monkeypatch.setattr(strict_yaml, "_Loader", yaml.SafeLoader)


pytestmark = pytest.mark.usefixtures("_both_parsers")


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("Off", "Off"),
        ("12:30:00", "12:30:00"),
        ("2026-01-31", "2026-01-31"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("=", "="),
        ("true", True),
        ("false", False),
        ("'true'", "true"),
        ('"3"', "3"),
        ("3", 3),
        ("-5", -5),
        ("+5", 5),
        ("010", 10),
        ("0o17", 15),
        ("0xFF", 255),
        ("0.3", 0.3),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("5.", 5.0),
        ("~", None),
        ("null", None),
        ("", None),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_follow_yaml_1_2(scalar, value):
    found = parse_yaml(f"a: {scalar}\n", file="x.yaml").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("a: [1\nb: 2\n", "2:", "malformed YAML"),
        ("a: 1\n\tb: 2\n", "2:", "malformed YAML"),
        ("a: 'b\n", "", "malformed YAML"),
        ("a: 1\nb: 2\na: 3\n", "3:1", "duplicate key 'a'; it stands on line 1 already"),
        ("k: {b: 1, b: 2}\n", "1:11", "duplicate key 'b'"),
        ("1: a\n", "1:1", "the key '1' is not text"),
        ("true: a\n", "1:1", "the key 'true' is not text"),
        ("? [a]\n: b\n", "1:3", "a key must be text"),
        ("? *a\n: b\n", "1:3", "a key must be text"),
        ("&a k: b\n", "1:1", "neither a tag nor an anchor"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "3:3", "merge keys"),
        ("a: 1\n---\nb: 2\n", "2:1", "a second document"),
        ("", "1:1", "the file is empty"),
        ("# only a comment\n", "1:1", "the file is empty"),
        ("---\n", "", "expected a mapping"),
        ("- a\n", "1:1", "expected a mapping"),
        ("just text\n", "1:1", "expected a mapping"),
        ("a: !!python/object:os.system x\n", "1:4", "tag"),
        ("a: !mine {b: 1}\n", "1:4", "tag '!mine'"),
        ("a: !!str 5\n", "1:4", "tag"),
        ("a: *b\n", "1:4", "no anchor &b"),
        ("a: {b: .nan}\n", "1:8", "a.b: .nan is not a finite number"),
        ("a: -.inf\n", "1:4", "not a finite number"),
        ("a: 1e999\n", "1:4", "too large"),
        (f"a: {'9' * 5000}\n", "1:4", "64 bits"),
        ("a: 9223372036854775808\n", "1:4", "64 bits"),
        ("a: b\nc: \x07\n", "2:4", "U+0007"),
        ("a:" + " [" * 20 + "\n", "1:42", "deeper than 20"),
        ("a: " + "[" * 200_000 + "\n", "1:23", "deeper than 20"),
        ("a: [" + "x," * 10_000 + "]\n", "1:", "more than 10,000 values"),
        ("a: \ud800\n", "", "surrogate"),
    ],
)
def test_refused_with_file_line_and_column(text, where, says):
    with pytest.raises(SpecError) as caught:
        parse_yaml(text, file="x.yaml")
    message = str(caught.value)
    assert message.startswith(f"x.yaml:{where}"), message
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("a: &a [1, {b: *a}]\n", "a → a.1 → a.1.b → a"),
        ("&r\nk: *r\n", "(root) → k → (root)"),
        ("x:\n  y: &y {z: *y}\n", "x.y → x.y.z → x.y"),
    ],
)
def test_a_cycle_is_refused_and_printed(text, cycle):
    with pytest.raises(SpecError, match="cycle") as caught:
        parse_yaml(text, file="x.yaml")
    assert str(caught.value).endswith(cycle)


def test_an_alias_bomb_is_refused_before_it_grows():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(SpecError, match="more than 10,000 values, with aliases written out"):
        parse_yaml("\n".join(lines), file="x.yaml")


def test_aliases_count_towards_the_depth():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 25))]
    with pytest.raises(SpecError, match="deeper than 20"):
        parse_yaml("\n".join(lines), file="x.yaml")


def test_an_honest_alias_is_its_value():
    document = parse_yaml("a: &c [x, y]\nb: *c\n", file="x.yaml")
    assert document.value == {"a": ["x", "y"], "b": ["x", "y"]}
    assert document.line(("b",)) == 2
    assert document.line(("b", 1)) == 1


def test_positions_of_keys_entries_and_what_is_missing():
    document = parse_yaml("a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n", file="x.yaml")
    assert document.position(("a", "b")) == (2, 3)
    assert document.position(("a", "c", 1, "d")) == (5, 8)
    assert document.line(("a", "c", 7)) == 3
    assert document.line(("a", "nowhere", "deeper")) == 1
    assert document.line(()) == 1


def test_too_large_a_file():
    with pytest.raises(SpecError, match="larger than 256 KiB"):
        parse_yaml("# " + "x" * MAX_BYTES, file="x.yaml")


def test_bytes_that_are_not_utf8_name_the_offset():
    with pytest.raises(SpecError, match=r"x\.yaml: byte 6 \(0xe9\) is not UTF-8"):
        parse_yaml("a: caf\xe9\n".encode("latin-1"), file="x.yaml")


def test_a_byte_order_mark_is_skipped():
    assert parse_yaml(b"\xef\xbb\xbfa: 1\n", file="x.yaml").value == {"a": 1}
