"""What an answer costs: SL-V009 latency, SL-V010 memory."""

from stageline.release.validation.answer import Latency, Memory, Raised
from stageline.verdicts import Check, Severity, Verdict

_LEAST_CALLS = 20


def judge_latency(latency: Latency | Raised | None, limit: float | None, *, private: bool) -> Check:
    """Judge the 99th percentile of single rows; without a limit it is only told.

    :param limit: Milliseconds.
    """
    value, n, severity = None, None, Severity.CRITICAL
    if latency is None:
        verdict, message = Verdict.ERRORED, "the clean process does not say how long an answer takes; validate again"
    elif isinstance(latency, Raised):
        verdict = Verdict.ERRORED
        message = f"latency cannot be measured: predict raised {latency.told(private=private)}; train again"
    else:
        value, n = latency.p99_ms, latency.calls
        message = f"one row takes {latency.p50_ms:.3g} ms (median), {value:.3g} ms (99th percentile of {n:,} calls)"
        if limit is None:
            verdict, severity = Verdict.PASSED, Severity.INFO
            message += "; gates.max_latency_ms sets a limit"
        elif value > limit:
            verdict = Verdict.FAILED
            message += f", allowed are {limit:g} ms (gates.max_latency_ms): choose a smaller model, or allow more"
        elif n < _LEAST_CALLS:
            verdict = Verdict.INCONCLUSIVE
            message += f"; at least {_LEAST_CALLS} calls are needed to judge it against {limit:g} ms: validate again"
        else:
            verdict, message = Verdict.PASSED, f"{message}, within {limit:g} ms"
    return Check(
        code="SL-V009",
        name="latency",
        verdict=verdict,
        severity=severity,
        message=message,
        value=value,
        limit=limit,
        n=n,
    )


def judge_memory(memory: Memory | None, limit: float | None) -> Check:
    """Judge the peak of the whole process; without a limit it is only told.

    :param limit: Millions of bytes.
    """
    value, severity = None, Severity.CRITICAL
    if memory is None:
        verdict, message = Verdict.ERRORED, "the clean process does not say how much memory it took; validate again"
    else:
        value = memory.peak_mb
        message = (
            f"the process took {value:,.0f} MB at most, {memory.libraries_mb:,.0f} MB of them before it "
            "loaded the model"
        )
        if limit is None:
            verdict, severity = Verdict.PASSED, Severity.INFO
            message += "; gates.max_memory_mb sets a limit"
        elif value > limit:
            verdict = Verdict.FAILED
            message += f", allowed are {limit:,g} MB (gates.max_memory_mb): choose a smaller model, or allow more"
        else:
            verdict, message = Verdict.PASSED, f"{message}, within {limit:,g} MB"
    return Check(
        code="SL-V010", name="memory", verdict=verdict, severity=severity, message=message, value=value, limit=limit
    )
