"""Of a key's answers in a step the first one counts, in whichever stretch of time it was."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.serving.http.first_answers import FirstAnswers

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ASKED = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["champion", "canary"]), st.integers(0, 59)), max_size=40)


def logged(asked, **columns):
    keys, arms, minutes = zip(*asked, strict=True) if asked else ((), (), ())
    return pa.table(
        {
            "id": pa.array(keys, pa.int64()), "arm": pa.array(arms, pa.string()),
            "scored_at": pa.array([BEGAN + minute * MINUTE for minute in minutes], pa.timestamp("us", "UTC")),
            **columns,
        }
    )  # fmt: skip


def answers_of(log, reads=None):
    """Return what was first answered of a log, which is read as the servers' log is."""

    def read(start, end):
        if reads is not None:
            reads.append((start, end))
        inside = [start <= moment < end for moment in log["scored_at"].to_pylist()]
        return log.filter(pa.array(inside, pa.bool_()))

    return FirstAnswers(read, ["id"], BEGAN)


def told(rows):
    columns = (rows[name].to_pylist() for name in ("id", "arm", "scored_at"))
    return [(key, arm, (moment - BEGAN) // MINUTE) for key, arm, moment in zip(*columns, strict=True)]


@given(ASKED, st.lists(st.integers(1, 59), max_size=5, unique=True))
def test_each_key_counts_once_for_each_arm_when_it_was_first_answered(asked, cuts):
    answers = answers_of(logged(asked))
    marks = [BEGAN + minute * MINUTE for minute in (0, *sorted(cuts), 60)]
    found = [told(answers.between(start, end)) for start, end in pairwise(marks)]
    first = {}
    for key, arm, minute in asked:
        first[key, arm] = min(minute, first.get((key, arm), minute))
    assert sorted(row for rows in found for row in rows) == sorted((*own, minute) for own, minute in first.items())
    for rows, start, end in zip(found, marks[:-1], marks[1:], strict=True):
        assert all(start <= BEGAN + minute * MINUTE < end for _, _, minute in rows)


def test_each_part_of_the_log_is_read_once():
    reads = []
    answers = answers_of(logged([(1, "canary", 5), (1, "canary", 25)]), reads)
    for _ in range(2):
        assert told(answers.between(BEGAN, BEGAN + 20 * MINUTE)) == [(1, "canary", 5)]
        assert told(answers.between(BEGAN + 20 * MINUTE, BEGAN + 40 * MINUTE)) == []
    assert reads == [(BEGAN, BEGAN + 20 * MINUTE), (BEGAN + 20 * MINUTE, BEGAN + 40 * MINUTE)]


def test_an_error_is_no_answer():
    answers = answers_of(logged([(1, "canary", 5), (1, "canary", 25)], prediction=[None, 2.0]))
    assert told(answers.between(BEGAN, BEGAN + 30 * MINUTE)) == [(1, "canary", 25)]


def test_a_log_without_the_keys_says_so():
    answers = FirstAnswers(lambda *_: logged([(1, "canary", 5)]), ["station"], BEGAN)
    with pytest.raises(DataError, match="the servers' log has no column 'station'"):
        answers.between(BEGAN, BEGAN + MINUTE)


def test_without_a_log_there_is_nothing():
    assert FirstAnswers(lambda *_: None, ["id"], BEGAN).between(BEGAN, BEGAN + MINUTE) is None
