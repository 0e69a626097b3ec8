"""Where one project's local servers keep their files."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stageline.standalone.errors import StandaloneError


@dataclass(frozen=True)
class Home:
    """One folder with everything the local servers write; removing it forgets them.

    :param folder: Absolute path, by default `<project>/.demo`.
    """

    folder: Path

    @classmethod
    def of(cls, project: Path, folder: Path | None = None) -> "Home":
        """Return the home of a project."""
        return cls((folder or project / ".demo").resolve())

    @property
    def airflow(self) -> Path:
        """`AIRFLOW_HOME`: Airflow's metadata database, configuration and task logs."""
        return self.folder / "airflow"

    @property
    def mlflow(self) -> Path:
        """MLflow's database and artifacts."""
        return self.folder / "mlflow"

    @property
    def stageline(self) -> Path:
        """Stageline's ledger and tables."""
        return self.folder / "stageline"

    @property
    def ledger(self) -> Path:
        """Stageline's ledger."""
        return self.stageline / "ledger.db"

    @property
    def calendars(self) -> Path:
        """How much of the demo's two years has happened yet, by table."""
        return self.folder / "calendars"

    @property
    def way_up(self) -> Path:
        """A project of its own: of the demo's pipeline that goes from POC to production."""
        return self.folder / "way_up"

    @property
    def logs(self) -> Path:
        """What the servers print, one file each."""
        return self.folder / "logs"

    @property
    def state(self) -> Path:
        """Which processes were started, and their addresses."""
        return self.folder / "state.json"

    @property
    def keys(self) -> Path:
        """Secrets of this home; only its owner may read them."""
        return self.folder / "keys.json"

    def make(self) -> None:
        """Make the folders; others on this machine cannot look inside."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for folder in (self.airflow, self.mlflow, self.stageline, self.logs, self.calendars, self.way_up / "dags"):
            folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other `up` and `down` of this home out; the lock ends with the process.

        :raises StandaloneError: When another one is at work.
        """
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StandaloneError(
                    f"another process is starting or stopping the servers of {str(self.folder)!r}; "
                    "wait for it, then try again"
                ) from error
            yield
