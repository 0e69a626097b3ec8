"""What the clean process's measurements mean: the checks SL-V002 to SL-V011."""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stageline.release.validation.answer import Answer, Raised, parse_answer
from stageline.release.validation.clean_process import Ended
from stageline.release.validation.judge_costs import judge_latency, judge_memory
from stageline.release.validation.judge_predictions import judge_predictions
from stageline.release.validation.probes import probes_of
from stageline.release.validation.versions import judge_versions
from stageline.training.recorded_example import RecordedExample
from stageline.verdicts import Check, Severity, Verdict


@dataclass(frozen=True)
class Recorded:
    """What training put on record about a model.

    :param digest: `sha256:…` of the model file.
    :param size_bytes: Its size.
    :param libraries: Versions of the libraries it was trained with; `python` among them.
    """

    digest: str
    size_bytes: int
    libraries: dict[str, str]
    example: RecordedExample


@dataclass(frozen=True)
class Limits:
    """What a model may cost.

    :param latency_ms: Milliseconds for one row, 99th percentile; none: only measured.
    :param memory_mb: Peak memory of the process in millions of bytes; none: only measured.
    :param seconds: Wall-clock time of the whole validation.
    """

    latency_ms: float | None = None
    memory_mb: float | None = None
    seconds: float = 300.0


def judge_validation(ended: Ended, recorded: Recorded, limits: Limits, *, private: bool) -> tuple[Check, ...]:
    """Judge how the clean process ended and what it answered.

    Of what was not reached there is no check, but then an earlier one has failed.

    :param private: Whether the words of exceptions may hold values that no record may show.
    """
    if ended.code or ended.timed_out:
        return (_process(Verdict.ERRORED, f"{_how_it_ended(ended, limits)}{_last_words(ended, private=private)}"),)
    answer = parse_answer(ended.answer)
    if isinstance(answer, str):
        words = _last_words(ended, private=private)
        return (_process(Verdict.ERRORED, f"the clean process ended well, but {answer}{words}; do not release it"),)
    return judge_answer(answer, recorded, limits, private=private)


def blessing(checks: Sequence[Check]) -> str:
    """Return what is good, as one sentence with its numbers; empty if anything is not."""
    if not checks or not all(check.verdict.advances for check in checks):
        return ""
    told = {check.name: check.message for check in checks}
    newer = next((check.message for check in checks if check.verdict is Verdict.WARNED), "")
    parts = (told["recorded_predictions"], told["latency"], told["memory"], newer)
    words = "; ".join(part.partition("; gates.")[0] for part in parts if part)
    return f"in a clean process {words}"


def judge_answer(answer: Answer, recorded: Recorded, limits: Limits, *, private: bool) -> tuple[Check, ...]:
    """Judge what the clean process answered."""
    process = _process(Verdict.PASSED, "the clean process ended by itself and answered")
    return process, *_in_order(answer, recorded, limits, private=private)


def _in_order(answer: Answer, recorded: Recorded, limits: Limits, *, private: bool) -> Iterator[Check]:
    yield (digest := _digest(answer, recorded))
    yield judge_versions(recorded.libraries, answer.libraries)
    if not digest.verdict.advances:
        return
    yield (types := _types(answer, private=private))
    if not types.verdict.advances:
        return
    yield (loaded := _loaded(answer, private=private))
    if not loaded.verdict.advances:
        return
    for probe in probes_of(recorded.example):
        yield judge_predictions(probe, answer.predictions.get(probe.name), recorded.example, private=private)
    yield judge_latency(answer.latency, limits.latency_ms, private=private)
    yield judge_memory(answer.memory, limits.memory_mb)
    yield _size(answer)


def _digest(answer: Answer, recorded: Recorded) -> Check:
    found, wanted = answer.size_bytes, recorded.size_bytes
    if answer.digest == recorded.digest and found == wanted:
        verdict, message = Verdict.PASSED, f"the file is the one recorded at training, {recorded.digest[:19]}…"
    else:
        if found < wanted:
            how = f"it was cut short or replaced: {found:,} of {wanted:,} bytes"
        else:
            how = f"it was changed or replaced: {found:,} bytes, recorded were {wanted:,}"
        verdict = Verdict.FAILED
        message = (
            f"the file has digest {answer.digest}, recorded at training was {recorded.digest}: {how}; it was not "
            "opened; train again, and find out who may write to MLflow's artifacts"
        )
    return Check(code="SL-V003", name="digest", verdict=verdict, message=message)


def _types(answer: Answer, *, private: bool) -> Check:
    found = answer.untrusted
    if found is None:
        verdict, message = Verdict.ERRORED, "the clean process does not say which types the file holds; validate again"
    elif isinstance(found, Raised):
        verdict = Verdict.ERRORED
        message = f"the file cannot be read as a skops file: {found.told(private=private)}; train again"
    elif found:
        verdict = Verdict.FAILED
        message = (
            f"the file holds types nobody trusts: {', '.join(found)}; it was not loaded, whatever the list beside it "
            "in MLflow says; if they are yours, list them in [stageline] trusted_types"
        )
    else:
        verdict, message = Verdict.PASSED, "every type in the file is on the list of trusted types"
    return Check(code="SL-V004", name="trusted_types", verdict=verdict, message=message)


def _loaded(answer: Answer, *, private: bool) -> Check:
    if answer.model is None:
        verdict, message = Verdict.ERRORED, "the clean process does not say whether the model loaded; validate again"
    elif isinstance(answer.model, Raised):
        verdict = Verdict.FAILED
        message = (
            f"the model cannot be loaded: {answer.model.told(private=private)}; "
            f"{answer.model.remedy or 'install the libraries it was trained with, or train again'}"
        )
    else:
        verdict, message = Verdict.PASSED, f"the model loads in {answer.model.seconds:.2g} s"
    return Check(code="SL-V006", name="loads", verdict=verdict, message=message)


def _size(answer: Answer) -> Check:
    return Check(
        code="SL-V011", name="size", verdict=Verdict.PASSED, severity=Severity.INFO, value=answer.size_bytes,
        message=f"the file has {answer.size_bytes:,} bytes",
    )  # fmt: skip


def _process(verdict: Verdict, message: str) -> Check:
    return Check(code="SL-V002", name="clean_process", verdict=verdict, message=message)


def _how_it_ended(ended: Ended, limits: Limits) -> str:
    where = f" while it was {ended.phase}" if ended.phase else " before it began"
    if ended.timed_out:
        return (
            f"the clean process was killed after {limits.seconds:g} s{where}; a model this slow cannot be released: "
            "choose a smaller one, or give the operator a longer time_limit"
        )
    if ended.code == -signal.SIGKILL:
        return (
            f"the clean process was killed by SIGKILL{where}, which is what the kernel does where memory runs out; "
            "give the worker more memory, or choose a smaller model"
        )
    if ended.code < 0:
        return (
            f"the clean process died of {_signal_name(-ended.code)}{where}: a library crashed on this model; install "
            "the libraries it was trained with, or train again"
        )
    return f"the clean process ended with exit code {ended.code}{where}; do not release this model"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_words(ended: Ended, *, private: bool) -> str:
    return f" (it last printed: {ended.said})" if ended.said and not private else ""
