import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import LedgerError
from stageline.ledger import Entry, Record, canonical_json
from stageline.ledger.chain import FIRST_PREVIOUS, chain_faults
from stageline.ledger.rows import evidence_text, record_of, row_of
from stageline.verdicts import Verdict

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_canonical_json_reads_back_and_is_its_own_canonical_form(value: object) -> None:
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text
    assert text.isascii()


@given(st.dictionaries(st.text(), JSON, min_size=2, max_size=5))
def test_canonical_json_forgets_the_order_of_keys(value: dict[str, object]) -> None:
    assert canonical_json(dict(reversed(value.items()))) == canonical_json(value)


@given(JSON, JSON)
def test_different_values_have_different_texts(one: object, other: object) -> None:
    if one != other:
        assert canonical_json(one) != canonical_json(other)


@given(st.lists(st.sampled_from(["a", "b", 0, 1])), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_number_that_is_not_finite_is_named_by_its_path(steps: list[str | int], bad: float) -> None:
    value: Any = bad
    for step in reversed(steps):
        value = {step: value} if isinstance(step, str) else [None] * step + [value]
    path = "value" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps)
    with pytest.raises(LedgerError) as caught:
        canonical_json(value)
    assert str(caught.value).startswith(f"{path} is {bad}")


def test_plain_forms_of_enums_tuples_and_numpy_floats() -> None:
    numpy = pytest.importorskip("numpy")
    assert canonical_json((Verdict.PASSED, True, numpy.float64(0.1), 1.0, 1)) == '["passed",true,0.1,1.0,1]'
    with pytest.raises(LedgerError, match=r"value\[0\] is a numpy.int64"):
        canonical_json([numpy.int64(1)])


@pytest.mark.parametrize(
    ("value", "said"), [pytest.param(10**5000, "too many digits", id="digits"), (b"x", "builtins.bytes")]
)
def test_what_has_no_json_form_is_refused(value: object, said: str) -> None:
    with pytest.raises(LedgerError, match=said):
        canonical_json(value)


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(LedgerError, match="deeper than 100 levels"):
        canonical_json(value)


@pytest.fixture(scope="module")
def chain() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for number in range(1, 6):
        entry = Entry(
            pipeline="bikes", step="train", verdict=Verdict.PASSED, sentence="fine", evidence={"n": number},
            stage="poc", mode="enabled", dag_id="d", run_id="r", task_id="t", idempotency_key=f"k{number}",
            spec_digest="s", package_version="0.1.0",
        )  # fmt: skip
        previous = rows[-1]["digest"] if rows else FIRST_PREVIOUS
        now = datetime(2026, 1, number, tzinfo=UTC)
        rows.append(row_of(entry, evidence_text(entry), position=number, recorded_at=now, previous_digest=previous))
    return rows


def test_a_sound_chain_has_no_faults(chain: list[dict[str, Any]]) -> None:
    assert list(chain_faults("bikes", chain)) == []
    assert list(chain_faults("bikes", [])) == []


def test_a_row_holds_every_field_of_a_record(chain: list[dict[str, Any]]) -> None:
    assert set(chain[0]) == set(Record.model_fields)
    assert record_of(chain[0]).evidence == {"n": 1}


@given(data=st.data())
def test_any_edited_value_is_found_at_its_position(chain: list[dict[str, Any]], data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(chain))
    field = data.draw(st.sampled_from(sorted(set(row) - {"position"})))
    value = data.draw(st.none() | st.text() | st.integers() | st.binary() | st.floats())
    if value == row[field]:
        return
    edited = [{**it, field: value} if it is row else it for it in chain]
    assert row["position"] in {fault.position for fault in chain_faults("bikes", edited)}


@given(data=st.data())
def test_any_removed_inner_record_is_a_gap(chain: list[dict[str, Any]], data: st.DataObject) -> None:
    removed = data.draw(st.sets(st.sampled_from([1, 2, 3, 4]), min_size=1))
    left = [row for row in chain if row["position"] not in removed]
    faults = list(chain_faults("bikes", left))
    assert faults[0].position == min(removed)
    assert "missing" in faults[0].message


def test_a_record_whose_digest_was_made_anew_breaks_the_link(chain: list[dict[str, Any]]) -> None:
    old = record_of(chain[1])
    forged = row_of(old, '{"n":99}', position=2, recorded_at=old.recorded_at, previous_digest=old.previous_digest)
    (fault,) = chain_faults("bikes", [chain[0], forged, *chain[2:]])
    assert fault.position == 3
    assert forged["digest"] in fault.message


def test_a_fork_is_found(chain: list[dict[str, Any]]) -> None:
    faults = list(chain_faults("bikes", [*chain[:3], chain[2], *chain[3:]]))
    assert [(fault.position, "forks" in fault.message) for fault in faults] == [(3, True)]


@pytest.mark.parametrize("position", ["3", None, b"3", 3.0])
def test_a_position_that_is_no_number_is_found(chain: list[dict[str, Any]], position: object) -> None:
    faults = list(chain_faults("bikes", [*chain[:2], {**chain[2], "position": position}, *chain[3:]]))
    assert faults[0].position == 3


def test_a_column_that_a_later_version_adds_keeps_old_digests(chain: list[dict[str, Any]]) -> None:
    assert list(chain_faults("bikes", [{**row, "added_later": None} for row in chain])) == []


def test_an_edited_row_that_is_no_record_says_so(chain: list[dict[str, Any]]) -> None:
    for changed in ({"verdict": "great"}, {"evidence": "{"}, {"evidence": None}):
        with pytest.raises(LedgerError, match=r"record 1 of pipeline 'bikes' cannot be read, so it was edited"):
            record_of({**chain[0], **changed})
