"""What a server measures of itself, for Prometheus."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)


class Measures:
    """The metrics of one server; threads may share it.

    :param pipeline: Stands in every metric, as a label.
    """

    def __init__(self, pipeline: str) -> None:
        self._registry = CollectorRegistry()
        named: Any = {"registry": self._registry, "namespace": "stageline"}
        self._requests = Counter("requests", "Answers given, by HTTP status.", ["status"], **named)
        self._rows = Counter(
            "rows", "Rows asked, by arm and kind of error (none: answered).", ["arm", "error"], **named
        )
        self._latency = Histogram(
            "answer_seconds",
            "From a row's being handed to its model to the answer.",
            ["arm"],
            buckets=_SECONDS,
            **named,
        )
        self._model = Histogram("model_seconds", "Of one batch in a model.", ["version"], buckets=_SECONDS, **named)
        self._batches = Histogram("batch_rows", "Rows that a model is asked about at once.", buckets=_ROWS, **named)
        self._dropped = Counter("shadow_dropped_rows", "Rows that a shadow was too slow to be asked.", **named)
        info = Gauge("pipeline_info", "The pipeline that is served.", ["pipeline"], **named)
        info.labels(pipeline).set(1)

    def watch(self, name: str, words: str, read: Callable[[], float]) -> None:
        """Add a number that is read when somebody asks for the metrics."""
        Gauge(name, words, namespace="stageline", registry=self._registry).set_function(read)

    def answered(self, status: int) -> None:
        """Count an answer to a caller."""
        self._requests.labels(str(status)).inc()

    def settled(self, arm: str, error: str, rows: int, seconds: float) -> None:
        """Count rows that one model was asked."""
        self._rows.labels(arm, error or "none").inc(rows)
        self._latency.labels(arm).observe(seconds)

    def asked(self, version: int, rows: int, seconds: float) -> None:
        """Count a batch."""
        self._batches.observe(rows)
        self._model.labels(str(version)).observe(seconds)

    def dropped(self, rows: int) -> None:
        """Count rows that a shadow was not asked."""
        self._dropped.inc(rows)

    def as_text(self) -> bytes:
        """Return all metrics as Prometheus reads them."""
        return generate_latest(self._registry)
