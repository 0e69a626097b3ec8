"""What a server is told: where things are, where it listens, how much it takes."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from stageline.exceptions import SpecError

# How the command hands them to the process that serves: not as arguments, which anybody on the machine may read.
VARIABLE = "STAGELINE_SERVE"
TOKEN_VARIABLE = "STAGELINE_SERVE_TOKEN"  # noqa: S105 - the variable's name, not a token
PORT = 8_500


@dataclass(frozen=True)
class Places:
    """Where a pipeline's things are.

    :param project: Root folder of the project.
    :param tables: Root folder of the Delta tables.
    :param journal: Folder of the files that hold answers until they are in the log, on a disk of this machine; none:
        beside the log.
    """

    project: Path
    tables: Path
    # Not in the repr: both may hold a password.
    ledger_url: str = field(repr=False)
    tracking_uri: str = field(repr=False)
    trusted_types: tuple[str, ...] = ()
    journal: Path | None = None


@dataclass(frozen=True)
class Limits:
    """How much a server takes at once.

    :param body_bytes: Largest request.
    :param rows: Most rows of a request.
    :param queued_rows: Rows that may wait for one model; what comes then gets a 503.
    :param batch_rows: Most rows that a model is asked about at once.
    :param batch_wait_ms: How long a busy model waits for more rows before it is asked; an idle one never waits.
    :param timeout_ms: How long an answer may take; then it is an error, `timed_out`.
    :param cached_rows: Answers that are remembered per model; 0: none.
    :param backlog_bytes: Most bytes that may wait to be written to the log; what comes then gets a 503.
    """

    body_bytes: int = 8_000_000
    rows: int = 10_000
    queued_rows: int = 20_000
    batch_rows: int = 1_024
    batch_wait_ms: float = 1.0
    timeout_ms: float = 10_000.0
    cached_rows: int = 0
    backlog_bytes: int = 1_000_000_000


@dataclass(frozen=True)
class Options:
    """All that a server is told.

    :param port: 0: one that is free.
    :param poll_seconds: Time between two looks at the head.
    :param flush_seconds: Longest time that an answer waits before it is written to the log.
    :param sync: Whether an answer is on the disk before it is given: it outlives a power cut, and costs throughput.
    :param private: Whether the values of private features are logged, too.
    :param token: What callers have to show; empty: nothing.
    """

    pipeline: str
    places: Places
    host: str = "127.0.0.1"
    port: int = PORT
    limits: Limits = Limits()
    poll_seconds: float = 1.0
    flush_seconds: float = 5.0
    sync: bool = False
    private: bool = False
    token: str = field(default="", repr=False)

    def as_text(self) -> str:
        """Return them as JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what `as_text` wrote.

        :raises SpecError: It is something else.
        """
        try:
            given: dict[str, Any] = json.loads(text)
            places = given.pop("places")
            paths = {name: places[name] and Path(places[name]) for name in ("project", "tables", "journal")}
            types = tuple(places["trusted_types"])
            return cls(
                **{**given, "limits": Limits(**given["limits"])},
                places=Places(**{**places, **paths, "trusted_types": types}),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise SpecError(f"{VARIABLE} does not hold a server's options ({error}); run `stageline serve`") from error
