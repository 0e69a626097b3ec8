"""What the clean process measures, as JSON values; every exception is an answer too."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.release.validation.probes import ONE_ROW
from stageline.release.validation.request import Request

if TYPE_CHECKING:
    import pandas as pd

_LATENCY_CALLS = 300
_WARM_UP_CALLS = 3
_LATENCY_SECONDS = 20.0
_MOST_WORDS = 500
_KIBIBYTE = 1_024


def measure(request: Request, enter: Callable[[str], object]) -> dict[str, Any]:
    """Return what was found, as far as the file could be trusted.

    :param enter: Told each phase as it begins, so that somebody knows where a killed process was.
    """
    from stageline.training.model_file import digest_file
    from stageline.training.recorded_example import library_versions

    enter("reading the file")
    path = Path(request.model)
    answer: dict[str, Any] = {
        "digest": digest_file(path), "size_bytes": path.stat().st_size, "libraries": library_versions(),
    }  # fmt: skip
    if answer["digest"] != request.digest:
        return answer
    enter("looking for types that are not trusted")
    answer["untrusted"] = _tried(partial(_untrusted, path, request.trusted_types))
    if answer["untrusted"] != []:
        return answer
    enter("loading the model")
    model = answer["model"] = _tried(partial(_load, path, request))
    if isinstance(model, dict):
        return answer
    answer["model"] = {"outcome": "loaded", "seconds": model.seconds}
    answer["predictions"] = {}
    for name, rows in request.probes.items():
        enter(f"predicting ({name})")
        answer["predictions"][name] = _tried(partial(_ask, model.model, rows, request))
    enter("measuring latency")
    answer["latency"] = _tried(partial(_latency, model.model, request))
    answer["memory"] = {"libraries_mb": model.libraries_mb, "peak_mb": peak_memory_mb()}
    return answer


def peak_memory_mb() -> float:
    """Return the most memory that this process has had at one time, in millions of bytes."""
    import resource

    status = Path("/proc/self/status")
    if status.exists():
        # Rather than `ru_maxrss`, which on Linux starts with what the parent had when it made this process.
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
        if "VmHWM" in lines:
            return int(lines["VmHWM"].split()[0]) * _KIBIBYTE / 1e6
    # In bytes on macOS, else in KiB.
    unit = 1 if sys.platform == "darwin" else _KIBIBYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


class _Loaded:
    """A model with the price of having it."""

    def __init__(self, model: Any, seconds: float, libraries_mb: float) -> None:
        self.model, self.seconds, self.libraries_mb = model, seconds, libraries_mb


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever the model's code raises is what is measured
        return {
            "outcome": "raised", "kind": type(error).__name__,
            "words": " ".join(str(error).split())[:_MOST_WORDS] or "no words",
        }  # fmt: skip


def _untrusted(path: Path, trusted: tuple[str, ...]) -> list[str]:
    import skops.io

    return sorted(set(skops.io.get_untrusted_types(file=path)) - set(trusted))


def _load(path: Path, request: Request) -> _Loaded:
    import pandas as pd  # noqa: F401 - their memory is not the model's
    import sklearn.pipeline  # noqa: F401

    from stageline.training import load_model

    libraries_mb, begin = peak_memory_mb(), time.perf_counter()
    # It looks at digest and types once more, in the bytes that it loads.
    model = load_model(path, digest=request.digest, trusted_types=request.trusted_types)
    return _Loaded(model, time.perf_counter() - begin, libraries_mb)


def _ask(model: Any, rows: list[list[Any]], request: Request) -> dict[str, Any]:
    from stageline.training.recorded_example import ask

    return {"outcome": "answered", **asdict(ask(model, _frame(rows, request), classify=request.classify))}


def _frame(rows: list[list[Any]], request: Request) -> "pd.DataFrame":
    from stageline.training.recorded_example import feature_frame

    return feature_frame(rows, request.numeric, request.categorical)


def _latency(model: Any, request: Request) -> dict[str, Any]:
    frame = _frame(request.probes[ONE_ROW], request)
    for _ in range(_WARM_UP_CALLS):
        model.predict(frame)
    times: list[float] = []
    begin = time.perf_counter()
    while len(times) < _LATENCY_CALLS and (not times or time.perf_counter() - begin < _LATENCY_SECONDS):
        start = time.perf_counter()
        model.predict(frame)
        times.append((time.perf_counter() - start) * 1_000)
    times.sort()
    # Nearest rank: of fewer than 100 calls, the 99th percentile is the slowest one.
    rank = -(-99 * len(times) // 100)
    return {"calls": len(times), "p50_ms": times[(len(times) - 1) // 2], "p99_ms": times[rank - 1]}
