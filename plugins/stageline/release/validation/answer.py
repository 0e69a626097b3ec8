"""The clean process's answer, read as what a stranger says: anything that is not exactly an answer is refused."""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_Text = Annotated[str, Field(min_length=1)]
_OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError")
_MORE_MEMORY = "it wants more memory than it may take: choose a smaller model, or set gates.max_memory_mb higher"
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Raised(_Part):
    """An exception.

    :param kind: Its type's name.
    """

    outcome: Literal["raised"]
    kind: _Text
    words: _Text

    def told(self, *, private: bool) -> str:
        """Return it as a sentence tells it; its words may quote a row."""
        return self.kind if private else f"{self.kind}: {self.words}"

    @property
    def remedy(self) -> str:
        """What to do about it where its type says so; else empty."""
        return _MORE_MEMORY if self.kind in _OUT_OF_MEMORY else ""


class Answered(_Part):
    """The model's answer to a probe; its values are judged by whoever knows what they should be."""

    outcome: Literal["answered"]
    kind: _Text
    values: list[Any]
    classes: list[Any] | None
    probabilities: list[list[Any]] | None


class Loaded(_Part):
    """The model was loaded, in that many seconds."""

    outcome: Literal["loaded"]
    seconds: _Positive


class Latency(_Part):
    """Milliseconds for one row."""

    calls: Annotated[int, Field(gt=0)]
    p50_ms: _Positive
    p99_ms: _Positive


class Memory(_Part):
    """Most memory at one time, in millions of bytes: before the model was loaded, and in the end."""

    libraries_mb: _Positive
    peak_mb: _Positive


class Answer(_Part):
    """All that was measured. What was not reached is absent, which is never taken for good."""

    digest: _Text
    size_bytes: Annotated[int, Field(ge=0)]
    libraries: dict[str, str]
    untrusted: list[_Text] | Raised | None = None
    model: Annotated[Loaded | Raised, Field(discriminator="outcome")] | None = None
    predictions: dict[str, Annotated[Answered | Raised, Field(discriminator="outcome")]] = Field(default_factory=dict)
    latency: Latency | Raised | None = None
    memory: Memory | None = None


def parse_answer(data: bytes) -> Answer | str:
    """Return the answer, or why there is none.

    :param data: Bytes of the answer file.
    """
    if not data:
        return "it wrote no answer"
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return f"the {len(data):,} bytes it wrote are no JSON"
    return as_answer(content)


def as_answer(content: object) -> Answer | str:
    """Return the decoded answer, or why it is none."""
    try:
        return Answer.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole of it"
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        return f"what it wrote is no answer: {where}: {first['msg']}{more}"
