"""What a server is told: by the command, and in the spec."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from stageline.exceptions import SpecError
from stageline.serving.http import Limits, Options, Places
from stageline.spec.http_target import Http

PLACES = Places(
    Path("/project"),
    Path("/tables"),
    "postgresql://user:word@host/ledger",
    "http://user:word@mlflow",
    ("a.B",),
    Path("/journal"),
)


@pytest.mark.parametrize("journal", [None, Path("/journal")])
def test_options_are_read_as_they_were_written(journal):
    places = Places(Path("/project"), Path("/tables"), "sqlite:////ledger.db", "sqlite:////mlflow.db", (), journal)
    options = Options("small", places, port=0, limits=Limits(rows=7, timeout_ms=12.5), sync=True, token="of the tests")  # noqa: S106
    assert Options.from_text(options.as_text()) == options


def test_what_is_secret_stands_in_no_repr():
    options = Options("small", PLACES, token="of the tests")  # noqa: S106
    assert "word" not in repr(options)
    assert "of the tests" not in repr(options)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"places": {}}', "no JSON"])
def test_what_are_no_options_is_refused(text):
    with pytest.raises(SpecError, match="run `stageline serve`"):
        Options.from_text(text)


def test_without_a_word_the_rollout_asks_one_server_of_this_machine():
    assert Http() == Http(urls=["http://127.0.0.1:8500"], timeout="PT5S", log_private=False)
    assert Http(timeout="PT2S").timeout == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"urls": []}, "at least 1 item"),
        ({"urls": ["127.0.0.1:8500"]}, "is no server's address"),
        ({"urls": ["ftp://127.0.0.1"]}, "is no server's address"),
        ({"urls": ["http://127.0.0.1:99999"]}, "is no server's address"),
        ({"urls": ["http://127.0.0.1:8500/invocations"]}, "is no server's address"),
        ({"timeout": "PT0S"}, "no time at all"),
        ({"port": 8500}, "Extra inputs"),
    ],
)
def test_what_no_rollout_can_ask_is_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        Http(**given)


def test_credentials_are_refused_and_not_shown():
    with pytest.raises(ValidationError, match="holds credentials") as refused:
        Http(urls=["http://user:word@server:8500"])
    assert "word" not in refused.value.errors()[0]["msg"]
