"""Infra validation of one candidate: ask the clean process, judge its answer."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from stageline.release.validation.clean_process import Ended, import_folders, run_clean
from stageline.release.validation.judge import Limits, Recorded, judge_validation
from stageline.release.validation.probes import probes_of
from stageline.release.validation.request import Request
from stageline.training import TRUSTED_TYPES
from stageline.verdicts import Check

# Address space that libraries reserve and never touch, in bytes.
_RESERVED = 4_000_000_000
# What a model may take where the spec sets no limit, in millions of bytes.
_MEMORY_MB = 8_000
# Between our own clock, which ends the clean process, and the one that it sets itself.
_GRACE_SECONDS = 10


@dataclass(frozen=True)
class Question:
    """How a candidate is to be asked.

    :param classify: Whether it predicts classes.
    :param trusted_types: Import paths of types to trust beside our own list.
    :param private: Whether no value and no exception's words may stand in a message.
    """

    classify: bool
    trusted_types: Collection[str] = ()
    private: bool = False


def validate_model(
    model: Path, recorded: Recorded, limits: Limits, question: Question, folder: Path
) -> tuple[Check, ...]:
    """Validate a model file in a clean process.

    :param model: The file as fetched from MLflow.
    :param folder: Scratch folder.
    """
    ended = ask_clean(model, recorded, limits, question, folder)
    return judge_validation(ended, recorded, limits, private=question.private)


def ask_clean(model: Path, recorded: Recorded, limits: Limits, question: Question, folder: Path) -> Ended:
    """Let the clean process measure a model file."""
    example = recorded.example
    request = Request(
        model=str(model.absolute()),
        digest=recorded.digest,
        trusted_types=(*TRUSTED_TYPES, *question.trusted_types),
        classify=question.classify,
        numeric=example.numeric,
        categorical=example.categorical,
        probes={probe.name: [list(row) for row in probe.rows] for probe in probes_of(example)},
        import_folders=import_folders(),
        seconds=int(limits.seconds) + _GRACE_SECONDS,
        address_space=_RESERVED + int((limits.memory_mb or _MEMORY_MB) * 1e6),
    )
    return run_clean(request, folder, seconds=limits.seconds)
