"""Texts kept in a folder by their digest, so that monitoring needs no MLflow."""

import hashlib
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from stageline.exceptions import ArtifactError


def text_digest(text: str) -> str:
    """Return `sha256:…` of a text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class KeptTexts:
    """The texts of one sort, by digest.

    :param folder: Made when the first one is kept.
    :param noun: What one is, for errors: `profile`.
    :param remedy: What to do where one is gone.
    """

    def __init__(self, folder: Path, noun: str, remedy: str = "run the step again") -> None:
        self.folder, self.noun, self.remedy = folder, noun, remedy

    def keep(self, text: str) -> str:
        """Keep a text, whole or not at all; returns its digest.

        :raises ArtifactError: It cannot be written.
        """
        digest = text_digest(text)
        draft = self.folder / f".{uuid4()}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.replace(self.path(digest))
        except OSError as error:
            raise ArtifactError(
                f"the {self.noun} {digest} cannot be kept in {str(self.folder)!r}: {error.strerror or error}; mend "
                "the place (is its disk full?) and run the step again"
            ) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        return digest

    def read(self, digest: str) -> str:
        """Return a text that was kept.

        :raises ArtifactError: It is gone, or is not the one meant.
        """
        path = self.path(digest)
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArtifactError(f"there is no {self.noun} {str(path)!r}: {error}; {self.remedy}") from error
        if (found := text_digest(text)) != digest:
            raise ArtifactError(f"{str(path)!r} has digest {found}, made was {digest}: it was changed; {self.remedy}")
        return text

    def path(self, digest: str) -> Path:
        """Return where a text lies, or would lie."""
        return self.folder / f"{digest.replace(':', '-')}.json"
