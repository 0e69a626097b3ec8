"""What is written down about the started servers, so that another process can find and stop them."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home


class Service(BaseModel):
    """One started process.

    :param answers: Whether the others call it; it is stopped after those that call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pid: int
    log: Path
    answers: bool


class Running(BaseModel):
    """The servers of one home.

    :param token: Secret-free mark in the environment of every process that was started for this home.
    :param services: In the order they were started.
    :param ready: Whether all of them were seen to answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    project: Path
    token: str
    airflow_url: str
    mlflow_url: str
    services: tuple[Service, ...] = ()
    ready: bool = False

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by the name of the service."""
        return {service.name: service.pid for service in self.services}

    def joined_by(self, service: Service) -> "Running":
        """Return these servers and one more."""
        return self.model_copy(update={"services": (*self.services, service)})


def read_state(home: Home) -> Running | None:
    """Return what was started in this home, or None.

    :raises StandaloneError: When the file is damaged.
    """
    try:
        text = home.state.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return Running.model_validate_json(text)
    except ValidationError as error:
        raise StandaloneError(
            f"{str(home.state)!r} does not say which processes were started: {error.errors()[0]['msg']}; "
            "end them by hand, then remove the file"
        ) from error


def write_state(home: Home, running: Running) -> None:
    """Write the state in one step: a reader sees the old or the new one, never half of it."""
    draft = home.state.with_suffix(".draft")
    draft.write_text(running.model_dump_json(indent=2), encoding="utf-8")
    draft.replace(home.state)
