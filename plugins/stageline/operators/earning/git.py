"""Asks git."""

import subprocess
from pathlib import Path

from stageline.operators.earning.finding import NotRunError

_SECONDS = 30


def ask_git(folder: Path, *arguments: str) -> str:
    """Return what git says, without the line's end; empty where it refuses.

    :raises NotRunError: There is no git, or it does not answer.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise NotRunError(f"git cannot be asked: {error}") from error
    return done.stdout.strip() if done.returncode == 0 else ""
