"""Copies of champions' files, so that scoring and rollback need no MLflow."""

import os
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from stageline.exceptions import ArtifactError
from stageline.training.model_file import digest_file

_KEPT = 20
_ABANDONED_AFTER_SECONDS = 86_400.0


class ModelFiles:
    """The last champions' files of one pipeline, by digest.

    :param folder: Made when the first file is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, digest: str) -> Path | None:
        """Return the file with this digest, or none where there is none, or its bytes are others by now."""
        path = self._path(digest)
        try:
            if digest_file(path) != digest:
                return None
            os.utime(path)  # used again: it is among the last
        except OSError:
            return None
        return path

    def keep(self, source: Path, digest: str) -> Path:
        """Copy a file in, whole or not at all, and forget those that were used longest ago.

        :raises ArtifactError: It is not the file meant, or cannot be kept.
        """
        path = self._path(digest)
        draft = self.folder / f".{uuid4()}.part"
        try:
            data = source.read_bytes()
            self.folder.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if (found := digest_file(draft)) != digest:
                raise ArtifactError(
                    f"{str(source)!r} has digest {found}, released was {digest}: the artifact was changed or replaced; "
                    "roll back, or train and release again"
                )
            draft.replace(path)
            self._forget()
        except OSError as error:
            raise ArtifactError(
                f"the model {digest} cannot be kept in {str(self.folder)!r}: {error.strerror or error}; mend the place "
                "(is its disk full?) and run the step again"
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return path

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest.replace(':', '-')}.skops"

    def _forget(self) -> None:
        kept = sorted(self.folder.glob("*.skops"), key=lambda path: path.stat().st_mtime, reverse=True)
        abandoned = [
            path
            for path in self.folder.glob(".*.part")
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS
        ]
        for path in (*kept[_KEPT:], *abandoned):
            with suppress(OSError):
                path.unlink()


def local_file(uri: str) -> Path | None:
    """Return the path that a plain path or a `file:` address names, or none for an address of another kind."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme else None
