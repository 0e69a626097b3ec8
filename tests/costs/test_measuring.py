import os

import numpy as np
import pandas as pd
import pytest

from stageline.costs.measurements import Measurements
from stageline.costs.measuring import measure_service
from stageline.costs.service_time import Measured
from stageline.exceptions import CostError


class Watched:
    """A model that remembers how many rows it was asked for."""

    def __init__(self):
        self.asked = []

    def predict(self, features):
        self.asked.append(len(features))
        return np.zeros(len(features))


def rows(count):
    return pd.DataFrame({"a": np.arange(count, dtype=float)})


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine works on one request at a time")
def test_sizes_alone_and_single_rows_at_once_are_timed():
    model = Watched()
    found = measure_service(model, rows(200), at_once=(2, 10_000))
    assert [(point.rows, point.concurrency) for point in found.points] == [(1, 1), (10, 1), (100, 1), (1, 2)]
    assert model.asked[0] == 100  # to warm up
    # Those that ask at once have a model of their own.
    assert (model.asked.count(10), model.asked.count(1)) == (9, 40)
    assert all(point.seconds > 0 for point in found.points)
    assert found.p99_ms >= 1_000 * found.points[0].seconds


class Deadly:
    """A model that ends the process of whoever asks it from elsewhere."""

    def __init__(self):
        self.home = os.getpid()

    def predict(self, features):
        if os.getpid() != self.home:
            os._exit(1)
        return np.zeros(len(features))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="this machine works on one request at a time")
def test_a_process_that_ends_on_the_way_is_a_sentence():
    with pytest.raises(CostError, match="0 of 2 processes that asked the model at once came back; measure again"):
        measure_service(Deadly(), rows(5), at_once=(2,))


def test_one_row_is_enough():
    assert [point.rows for point in measure_service(Watched(), rows(1), at_once=()).points] == [1]


def test_no_rows_are_a_sentence():
    with pytest.raises(CostError, match="there are no rows to ask the model"):
        measure_service(Watched(), rows(0))


def test_what_was_measured_apart_goes_before_what_the_run_measured():
    evaluated = {"latency": {"single_ms": 1.0, "batch_ms": 2.0, "batch_rows": 10}, "rows_per_month": 5.0}
    points = [[1, 1, 0.004], [1_000, 1, 0.02], [1, 4, 0.008]]
    read = Measurements.of(evaluated, {"measured": {"latency": 3.0}}, {"points": points, "p99_ms": 6.0})
    assert read.p99_ms == 6.0
    assert read.points[2] == Measured(1, 4, 0.008)
    service = read.service()
    assert service.seconds(1) == pytest.approx(0.004)
    assert service.seconds(1, 4) == pytest.approx(0.008)
