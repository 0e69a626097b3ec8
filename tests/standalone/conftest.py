"""What the tests of the local servers share: small processes that say when they are ready."""

import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from waiting import wait_for

from stageline.standalone.commands import Command
from stageline.standalone.home import Home
from stageline.standalone.processes import MARK, end, spawn
from stageline.standalone.state import Service

SpawnPython = Callable[..., Service]


@pytest.fixture
def token() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def home(tmp_path) -> Home:
    made = Home.of(tmp_path)
    made.make()
    return made


@pytest.fixture
def spawn_python(tmp_path: Path, token: str) -> Iterator[SpawnPython]:
    """Start marked Python code and return when it has printed `ready`; nothing outlives the test."""
    started = []

    def start(code: str, *, name: str = "small", answers: bool = False) -> Service:
        command = Command(name, (sys.executable, "-u", "-c", code), tmp_path, answers=answers)
        service = spawn(command, {MARK: token}, tmp_path)
        started.append(service)
        wait_for(lambda: "ready" in service.log.read_text(encoding="utf-8"))
        return service

    yield start
    end(started, token, grace_seconds=0.1)
