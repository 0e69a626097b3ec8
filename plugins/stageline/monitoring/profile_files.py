"""Copies of models' profiles, so that monitoring needs no MLflow."""

from pathlib import Path

from stageline.monitoring.kept_texts import KeptTexts
from stageline.monitoring.profile import Profile


class ProfileFiles:
    """The profiles of one pipeline, by digest.

    :param folder: Made when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._texts = KeptTexts(folder, "profile", "train and release again")

    def keep(self, text: str) -> str:
        """Keep a profile, whole or not at all; returns its digest.

        :raises ArtifactError: It cannot be written.
        """
        return self._texts.keep(text)

    def read(self, digest: str) -> Profile:
        """Return a profile that was kept.

        :raises ArtifactError: It is gone, or is not the one meant.
        """
        return Profile.from_json(self._texts.read(digest), name=str(self._texts.path(digest)))
