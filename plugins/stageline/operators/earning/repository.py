"""Model 1: whether the spec is in git as it is, and whether anything shows a review."""

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.operators.earning.finding import Finding, held
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_FIELDS = 5
_REVIEWERS = ("reviewed-by", "approved-by", "acked-by")


def run(run: "RunContext") -> Finding:
    """Look at the last commit of the spec's file.

    :raises DataError: The project is no git repository, or git cannot be asked.
    """
    from stageline.readiness import content_digest

    if run.loaded is None:
        raise DataError("there is no spec to look for")
    path, name = run.loaded.path.resolve(), run.loaded.path.name
    folder = path.parent
    if not _git(folder, "rev-parse", "--show-toplevel"):
        raise DataError(f"{str(run.project)!r} is no git repository; check the project in (git init, add, commit)")
    told = {"content": content_digest(run.spec), "spec_digest": run.spec_digest}
    commit = _git(folder, "log", "-1", "--format=%H", "--", str(path))
    clean = bool(commit) and not _git(folder, "status", "--porcelain", "--", str(path))
    if not clean:
        found = "was changed since its last commit" if commit else "was never committed"
        message = f"{name} {found}; commit it"
        return Finding(message, [("committed", Verdict.FAILED, message)], told)
    why = _review(folder, path)
    short = commit[:12]
    parts = [
        ("committed", held(True), f"{name} is committed as it is: {short}"),
        ("reviewed", Verdict.PASSED if why else Verdict.WARNED, why or f"nothing in {short} shows a review"),
    ]
    sentence = f"{name} is committed ({short}), {why or 'and nothing shows a review: merge it, or attest one'}"
    return Finding(sentence, parts, {**told, "commit": commit}, worth=1.0 if why else 0.5)


def _review(folder: Path, path: Path) -> str:
    """Return what shows that another person looked at the last commit of a file; empty for nothing."""
    text = _git(folder, "log", "-1", "--format=%H%x00%ae%x00%ce%x00%cn%x00%B", "--", str(path))
    commit, author, committer, name, message = text.split("\0", _FIELDS - 1)
    for line in message.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in _REVIEWERS and value.strip() and author.lower() not in value.lower():
            return f"{key.strip()} {value.strip()}"
    if committer.lower() != author.lower():
        return f"written by {author} and committed by {name}"
    merges = _git(folder, "log", "--merges", "--ancestry-path", "--reverse", "--format=%h %cn", f"{commit}..HEAD")
    return f"merged by {merges.splitlines()[0]}" if merges else ""


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DataError(f"git cannot be asked: {error}") from error
    return done.stdout.strip() if done.returncode == 0 else ""
