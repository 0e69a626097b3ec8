"""What the clean process is told, as a JSON file; standard library only, as it is read before all else."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Request:
    """What to measure. Nothing here says what the answers should be.

    :param model: Path of the model file.
    :param digest: The `sha256:…` it must have to be opened at all.
    :param trusted_types: Import paths of the only types it may hold beside those that skops always trusts.
    :param classify: Whether classes and probabilities are asked for.
    :param numeric: Names of the numeric features.
    :param categorical: Names of the text features.
    :param probes: Rows to ask about, by name.
    :param import_folders: Where Python may look for modules, after its own places.
    :param seconds: Time after which the process is ended by the kernel, should nobody else do so.
    :param address_space: Bytes of address space it may take.
    """

    model: str
    digest: str
    trusted_types: tuple[str, ...]
    classify: bool
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    probes: dict[str, list[list[Any]]]
    import_folders: tuple[str, ...]
    seconds: int
    address_space: int

    def write(self, path: Path) -> None:
        """Write the request."""
        path.write_text(json.dumps(asdict(self), allow_nan=False), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a request that `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))
