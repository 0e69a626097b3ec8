"""What every file of this repository keeps to."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def texts():
    """Return the text of every file that git knows, or would."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    found = {}
    for name in listed:
        path = ROOT / name
        if path.is_file():
            found[name] = path.read_bytes().decode("utf-8", "replace")
    return found


LOCKS = ("requirements.txt", "requirements-dev.txt")


def lock_entries(lock):
    """Return the lock's requirements, each with its hashes, as one line."""
    text = (ROOT / lock).read_text("utf-8")
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock):
    assert "://" not in (ROOT / lock).read_text("utf-8")
    assert [line for line in lock_entries(lock) if line.startswith("-")] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_a_lock_is_pinned_and_hashed(lock):
    entries = lock_entries(lock)
    assert len(entries) > 100
    assert [line for line in entries if not re.match(r"[\w.\[\],-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def pinned(lock):
    from packaging.utils import canonicalize_name

    versions = {}
    for line in lock_entries(lock):
        name, _, rest = line.partition("==")
        versions[canonicalize_name(name.partition("[")[0])] = rest.split()[0]
    return versions


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements.txt", {"celery", "checkout", "postgres"}),
        ("requirements-dev.txt", {"celery", "checkout", "dev", "docs", "postgres", "spark"}),
    ],
)
def test_a_lock_holds_every_dependency(lock, extras):
    import tomllib

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    versions = pinned(lock)
    for text in wanted:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in versions
        assert requirement.specifier.contains(versions[name], prereleases=True), text


def test_the_locks_agree_and_cover_every_extra():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert set(project["optional-dependencies"]) == {"celery", "checkout", "dev", "docs", "postgres", "spark"}
    tested = pinned("requirements-dev.txt")
    assert {name: version for name, version in pinned("requirements.txt").items() if tested.get(name) != version} == {}


def test_no_file_names_a_place_on_somebodys_machine(texts):
    homes = re.compile(r"/(?:home|Users)/[A-Za-z]|/root/|[A-Z]:\\\\Users")
    # The image's own home, and this file.
    allowed = {"tests/test_repository.py"}
    found = {name: match[0] for name, text in texts.items() if name not in allowed and (match := homes.search(text))}
    assert {name for name in found if not name.startswith(("docker", "docker-compose"))} == set()


def test_no_file_holds_a_key(texts):
    secrets = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}")
    assert [name for name, text in texts.items() if name != "tests/test_repository.py" and secrets.search(text)] == []


def test_no_file_is_unfinished(texts):
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    package = {
        name: text for name, text in texts.items() if name.startswith(("plugins/", "dags/")) and ".json" not in name
    }
    assert [name for name, text in package.items() if marks.search(text)] == []


def test_files_end_with_one_newline(texts):
    wrong = [
        name for name, text in texts.items()
        if text and name.endswith((".py", ".yaml", ".toml", ".md", ".css", ".j2")) and not re.search(r"[^\n]\n\Z", text)
    ]  # fmt: skip
    assert wrong == []


def test_imports_point_one_way():
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_make_help_lists_every_target():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    text = (ROOT / "Makefile").read_text("utf-8")
    (declared,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    listed = re.findall(r"^ +make (\w+)", shown, re.MULTILINE)
    assert sorted(listed) == sorted(declared.split())


def test_make_without_a_target_is_make_help():
    first, second = (
        subprocess.run(["make", *target], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        for target in ([], ["help"])
    )
    assert first == second


def test_no_two_files_of_tests_have_one_name():
    # Of two, the second is not collected.
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
