"""What shows in git that another person looked at a commit."""

import re
from dataclasses import dataclass
from pathlib import Path

from stageline.operators.earning.git import ask_git

_SIGNED = re.compile(r"(?P<name>[^<>]*)<(?P<mail>[^<>\s@]+@[^<>\s@]+)>|(?P<bare>[^<>\s@]+@[^<>\s@]+)")
# A forge commits what somebody does on its pages: it is nobody.
_FORGES = {"github", "gitlab", "bitbucket", "gitea", "forgejo", "azure devops"}
_NOBODY = re.compile(r"(git|no-?reply|do-?not-?reply)@.*|.*\[bot\].*")
_FIELDS = ("%aN", "%aE", "%cN", "%cE")


@dataclass(frozen=True)
class Person:
    """Somebody as git knows them, by `.mailmap` where there is one."""

    name: str
    mail: str

    @property
    def is_machine(self) -> bool:
        """Whether that is a forge or a bot."""
        name, mail = self.name.strip().casefold(), self.mail.casefold()
        return name in _FORGES or "[bot]" in name or bool(_NOBODY.fullmatch(mail))

    def is_another_than(self, author: "Person") -> bool:
        """Whether that is a person, and not the author under another address."""
        mine, theirs = ((each.name.strip().casefold(), each.mail.casefold()) for each in (self, author))
        same_name = bool(mine[0]) and mine[0] == theirs[0]
        return not (self.is_machine or same_name or mine[1] == theirs[1])


def review_of(folder: Path, commit: str) -> str:
    """Return what shows that another person than its author looked at a commit; empty for nothing."""
    author, committer = _people(folder, commit)
    if named := _reviewer(folder, commit, author):
        return named
    if committer.is_another_than(author):
        return f"written by {author.name} and committed by {committer.name}"
    return _merger(folder, commit, author)


def _people(folder: Path, commit: str) -> tuple[Person, Person]:
    """Return author and committer."""
    # One line each: a name may be empty, and what is empty at the end would be cut off.
    said = ask_git(folder, "log", "-1", f"--format=.%n{'%n'.join(_FIELDS)}%n.", commit).split("\n")
    return Person(said[1], said[2]), Person(said[3], said[4])


def _reviewer(folder: Path, commit: str, author: Person) -> str:
    """Return the reviewer whom a commit's trailers name: with an address, as else nobody can be asked."""
    said = ask_git(folder, "log", "-1", "--format=%(trailers:key=Reviewed-by,valueonly,unfold)", commit)
    for value in said.splitlines():
        if found := _SIGNED.fullmatch(value.strip()):
            reviewer = Person(found["name"] or "", found["mail"] or found["bare"])
            if reviewer.is_another_than(author):
                return f"reviewed by {value.strip()}"
    return ""


def _merger(folder: Path, commit: str, author: Person) -> str:
    """Return who merged the branch that a commit came in by, where that is another person.

    Along first parents, the merge that brought it is the one whose other side holds it; that side may have got it by
    a merge, too. A branch without it that was merged later says nothing of it.
    """
    after = {commit, *ask_git(folder, "rev-list", "--ancestry-path", f"{commit}..HEAD").split()}
    tip = "HEAD"
    while brought := _brought(folder, commit, tip, after):
        merge, tip = brought
        if not _is_pull(folder, merge):
            people = dict.fromkeys(each.name for each in _people(folder, merge) if each.is_another_than(author))
            if people:
                return f"merged by {' and '.join(people)} ({merge[:12]})"
            if named := _reviewer(folder, merge, author):
                return named
        if tip == commit:
            break
    return ""


def _brought(folder: Path, commit: str, tip: str, after: set[str]) -> tuple[str, str] | None:
    """Return the merge on a tip's first parents that brought a commit, and its side that holds it; or none."""
    merges = ask_git(
        folder, "rev-list", "--first-parent", "--merges", "--parents", "--reverse", f"{commit}..{tip}"
    ).splitlines()
    for line in merges:
        merge, first, *sides = line.split()
        side = next((each for each in sides if each in after), None)
        if side is not None:
            return None if first in after else (merge, side)
    return None


def _is_pull(folder: Path, merge: str) -> bool:
    """Whether a merge only brought the branch itself up to date, as `git pull` does: nobody looks at that."""
    branch = re.escape(ask_git(folder, "rev-parse", "--abbrev-ref", "HEAD"))
    subject = ask_git(folder, "log", "-1", "--format=%s", merge)
    return re.match(rf"Merge (remote-tracking )?branch '([^/']+/)?{branch}'", subject) is not None
