from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.features.split import (
    EMBARGO,
    HOLDOUT,
    TRAIN,
    UNLABELLED,
    require_both_parts,
    split_at_random,
    split_by_time,
)

DAY = 86_400_000_000


def by_time(moments, labelled=None, *, holdout=0.2, delay=timedelta(0)):
    known = np.ones(len(moments), dtype=bool) if labelled is None else np.asarray(labelled)
    times = pa.chunked_array([pa.array(moments, pa.timestamp("us"))])
    return split_by_time(times, known, holdout=holdout, label_delay=delay)


MOMENTS = st.lists(st.integers(-(10**3), 10**3).map(lambda hour: hour * 3_600_000_000), min_size=1, max_size=60)


@given(MOMENTS, st.floats(0.01, 0.99), st.integers(0, 10), st.randoms())
def test_training_never_sees_what_was_not_known_when_the_holdout_begins(moments, holdout, days, rng):
    labelled = [rng.random() < 0.8 for _ in moments]
    labelled[0] = True
    delay = timedelta(days=days)
    parts = by_time(moments, labelled, holdout=holdout, delay=delay)
    held_out = [moment for moment, part in zip(moments, parts, strict=True) if part == HOLDOUT]
    begin = min(held_out)
    for moment, known, part in zip(moments, labelled, parts, strict=True):
        assert (part == UNLABELLED) == (not known)
        if part == TRAIN:
            assert moment < begin
            assert moment + days * DAY <= begin
        if part == EMBARGO:
            assert moment < begin < moment + days * DAY
        if known and moment >= begin:
            assert part == HOLDOUT


@given(MOMENTS, st.floats(0.01, 0.99))
def test_rows_of_one_moment_stay_together(moments, holdout):
    parts = by_time(moments, holdout=holdout)
    assert all(len({part for other, part in zip(moments, parts, strict=True) if other == one}) == 1 for one in moments)


@given(MOMENTS, st.floats(0.01, 0.99), st.randoms())
def test_the_order_of_rows_does_not_matter_to_a_split_by_time(moments, holdout, rng):
    order = list(range(len(moments)))
    rng.shuffle(order)
    shuffled = by_time([moments[i] for i in order], holdout=holdout)
    assert list(shuffled) == [by_time(moments, holdout=holdout)[i] for i in order]


@pytest.mark.parametrize(("rows", "holdout", "held_out"), [(100, 0.2, 20), (10, 0.25, 2), (10, 0.99, 10), (3, 0.01, 1)])
def test_the_latest_share_is_held_out(rows, holdout, held_out):
    parts = by_time([row * DAY for row in range(rows)], holdout=holdout)
    assert list(parts) == [TRAIN] * (rows - held_out) + [HOLDOUT] * held_out


def test_labels_that_come_late_put_rows_under_embargo():
    parts = by_time([row * DAY for row in range(10)], delay=timedelta(days=2, microseconds=1))
    assert list(parts) == [TRAIN] * 6 + [EMBARGO] * 2 + [HOLDOUT] * 2
    parts = by_time([row * DAY for row in range(10)], delay=timedelta(days=2))
    assert list(parts) == [TRAIN] * 7 + [EMBARGO] + [HOLDOUT] * 2


def test_unlabelled_rows_do_not_shift_the_boundary():
    labelled = [True] * 10 + [False] * 90
    parts = by_time([row * DAY for row in range(100)], labelled)
    assert list(parts[:10]) == [TRAIN] * 8 + [HOLDOUT] * 2
    assert set(parts[10:]) == {UNLABELLED}


def test_no_label_at_all_is_refused():
    with pytest.raises(DataError, match="the target is null in every row"):
        by_time([1, 2], [False, False])


def at_random(target, labelled=None, *, seed=0, stratify=True, holdout=0.2):
    known = np.ones(len(target), dtype=bool) if labelled is None else np.asarray(labelled)
    return split_at_random(pa.chunked_array([target]), known, holdout=holdout, seed=seed, stratify=stratify)


@pytest.mark.parametrize("labels", [["a", "b"], [0, 1], [True, False], [None, "b"]])
def test_a_stratified_split_keeps_the_shares(labels):
    target = [labels[0]] * 80 + [labels[1]] * 20
    parts = at_random(target, [label is not None for label in target])
    for label in labels:
        mine = [part for part, other in zip(parts, target, strict=True) if other == label]
        share = 0.0 if label is None else 0.2
        assert mine.count(HOLDOUT) == round(share * len(mine))
        assert (set(mine) == {UNLABELLED}) == (label is None)


def test_the_seed_decides():
    target = ["a", "b"] * 50
    assert list(at_random(target)) == list(at_random(target))
    assert list(at_random(target)) != list(at_random(target, seed=1))


@pytest.mark.parametrize("target", [["a"] * 9 + ["b"], ["a"]])
def test_what_cannot_be_split_is_refused(target):
    with pytest.raises(DataError, match="the rows cannot be split into training and holdout: "):
        at_random(target)


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({TRAIN: 4, HOLDOUT: 9}, "the split leaves 4 row(s) for training and 9 for the holdout; each needs at least 5"),
        ({TRAIN: 9, HOLDOUT: 4}, "the split leaves 9 row(s) for training and 4 for the holdout; each needs"),
        ({TRAIN: 1, HOLDOUT: 9, EMBARGO: 7}, "1 row(s) for training and 9 for the holdout, 7 under embargo; each"),
    ],
)
def test_a_part_that_is_too_small_is_refused(counts, sentence):
    parts = np.concatenate([np.full(count, part, dtype=object) for part, count in counts.items()])
    with pytest.raises(DataError) as refusal:
        require_both_parts(parts, least=5)
    assert sentence in str(refusal.value)


def test_parts_that_are_large_enough_pass():
    require_both_parts(np.array([TRAIN] * 5 + [HOLDOUT] * 5), least=5)
