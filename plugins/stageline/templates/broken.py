"""How a broken spec shows in Airflow: as an import error of its own file, beside DAGs that are whole."""

import hashlib
from pathlib import Path
from typing import Any, NoReturn

from airflow.sdk import DAG


class BrokenSpecDag(DAG):
    """A DAG that cannot be serialized, and says why.

    Airflow stops scheduling every DAG of a Python file that has an import error. The specs share one
    Python file, so a broken one must not raise there. Airflow also records errors of serialization, each
    under the path its DAG gives: this one gives the spec's.

    :param path: The spec's file.
    :param message: What is wrong with it.
    """

    def __init__(self, path: Path, message: str) -> None:
        self._broken_path, self._message = path, message
        # A file's name may hold what a DAG's may not.
        name = hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
        super().__init__(dag_id=f"broken-spec-{name}", schedule=None)

    @property
    def relative_fileloc(self) -> str:
        """The spec's path inside the project, whatever the importer sets."""
        return "/".join(self._broken_path.parts[-3:])

    @relative_fileloc.setter
    def relative_fileloc(self, _: Any) -> None:
        pass

    def get_serialized_fields(self) -> NoReturn:
        """Refuse to be serialized; Airflow asks this first.

        :raises SerializationError: Always, with the message.
        """
        from airflow.exceptions import SerializationError

        raise SerializationError(self._message)
