"""The command `stageline`, as a person types it in an environment of nothing but their own."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

COMMAND = Path(sys.executable).parent / "stageline"


def call(folder: Path, *arguments: object, **environment: str) -> SimpleNamespace:
    """Run the command in a folder, with a home of its own and no other setting."""
    clean = {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "200", "OMP_NUM_THREADS": "1",
        **environment,
    }  # fmt: skip
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)
