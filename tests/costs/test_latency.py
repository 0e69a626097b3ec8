"""Latency is measured, never guessed."""

import numpy as np
import pandas as pd
import pytest

from stageline.costs import Latency, measure_latency


class Counting:
    """A model that remembers how many rows it was asked for."""

    def __init__(self):
        self.asked = []

    def predict(self, features):
        self.asked.append(len(features))
        return np.zeros(len(features))


@pytest.mark.parametrize(("rows", "batch"), [(1, 1), (7, 7), (5_000, 1_000)])
def test_single_rows_and_batches_are_timed_after_one_call_to_warm_up(rows, batch):
    model = Counting()
    measured = measure_latency(model, pd.DataFrame({"a": np.arange(rows, dtype=float)}))
    assert model.asked == [batch, *[1] * 30, *[batch] * 5]
    assert measured.batch_rows == batch
    assert measured.single_ms > 0
    assert measured.batch_ms > 0


def test_a_thousand_rows_are_counted_in_batches():
    assert Latency(single_ms=3.0, batch_ms=10.0, batch_rows=500).per_1000_ms == 20.0
