"""Copies of models' profiles, so that monitoring needs no MLflow."""

import hashlib
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from stageline.exceptions import ArtifactError
from stageline.monitoring.profile import Profile


def profile_digest(text: str) -> str:
    """Return `sha256:…` of a profile's JSON."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class ProfileFiles:
    """The profiles of one pipeline, by digest.

    :param folder: Made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, text: str) -> str:
        """Keep a profile, whole or not at all; returns its digest.

        :raises ArtifactError: It cannot be written.
        """
        digest = profile_digest(text)
        draft = self.folder / f".{uuid4()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.replace(self._path(digest))
        except OSError as error:
            raise ArtifactError(
                f"the profile {digest} cannot be kept in {str(self.folder)!r}: {error.strerror or error}; mend the "
                "place (is its disk full?) and run the step again"
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return digest

    def read(self, digest: str) -> Profile:
        """Return a profile that was kept.

        :raises ArtifactError: It is gone, or is not the one meant.
        """
        path = self._path(digest)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArtifactError(f"there is no profile {str(path)!r}: {error}; train and release again") from error
        if (found := profile_digest(text)) != digest:
            raise ArtifactError(
                f"{str(path)!r} has digest {found}, made was {digest}: it was changed; train and release again"
            )
        return Profile.from_json(text, name=str(path))

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest.replace(':', '-')}.json"
