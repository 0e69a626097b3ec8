"""Model 1: whether the spec is in git as it is, and whether anything shows a review."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SpecError
from stageline.operators.earning.finding import Finding, NotRunError, held
from stageline.operators.earning.git import ask_git
from stageline.operators.earning.review import review_of
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_MOST_COMMITS = 50


def run(run: "RunContext") -> Finding:
    """Look at the commits since which the spec's file says what it says, beside its stage.

    :raises NotRunError: The project is no git repository, or git cannot be asked.
    """
    from stageline.readiness import content_digest

    if run.loaded is None:
        raise NotRunError("there is no spec to look for")
    path = run.loaded.path.resolve()
    folder, name = path.parent, path.name
    if not ask_git(folder, "rev-parse", "--show-toplevel"):
        raise NotRunError(f"{str(run.project)!r} is no git repository; check the project in (git init, add, commit)")
    told = {"content": content_digest(run.spec), "spec_digest": run.spec_digest}
    commits = _commits(path)
    if not commits or ask_git(folder, "status", "--porcelain", "--", name):
        found = "was changed since its last commit" if commits else "was never committed"
        message = f"{name} {found}; commit it"
        return Finding(message, [("committed", Verdict.FAILED, message)], told)
    short, (came, since) = commits[0][0][:12], commits[-1]
    why = review_of(folder, came)
    parts = [
        ("committed", held(True), f"{name} is committed as it is: {short}"),
        ("reviewed", Verdict.PASSED if why else Verdict.WARNED, why or f"nothing in {came[:12]} shows a review"),
    ]
    sentence = f"{name} is committed ({short}), {why or 'and nothing shows a review: merge it, or attest one'}"
    told |= {"commit": commits[0][0], "committed_at": since}
    return Finding(sentence, parts, told, worth=1.0 if why else 0.5)


def _commits(path: Path) -> list[tuple[str, str]]:
    """Return the commits that left the file saying what it says, and when each was made; the newest first.

    A step up changes the stage and is committed, too: what was reviewed before it still is.
    """
    folder, name = path.parent, path.name
    log = ask_git(folder, "log", f"-{_MOST_COMMITS}", "--format=%H %cI", "--", name)
    found: list[tuple[str, str]] = []
    now = _said(path.read_text("utf-8"), name)
    for line in log.splitlines():
        commit, at = line.split()
        if found and _said(ask_git(folder, "show", f"{commit}:./{name}"), name) != now:
            break
        found.append((commit, at))
    return found


def _said(text: str, name: str) -> dict[str, Any] | None:
    """Return what a spec's file says beside its stage; none where it is no spec."""
    from stageline.spec.strict_yaml import parse_yaml

    try:
        return {key: value for key, value in parse_yaml(text, file=name).value.items() if key != "stage"}
    except SpecError:
        return None
