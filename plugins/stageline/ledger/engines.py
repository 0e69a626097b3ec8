"""Connections to the ledger's database: how they are made, how a write begins, how their errors read."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from stageline.exceptions import LedgerError
from stageline.ledger.urls import shown

WAIT_SECONDS = 30
_CONNECT_SECONDS = 10
_RETRY_SECONDS = 0.02

# A write takes its lock first, so two writers wait for each other instead of failing half-way.
_BEGIN_WRITE = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'",
}
_ADVICE = {
    "readonly": "make the file and its folder writable for this user",
    "not a database": "the file is something else; name another file",
    "malformed": "the file is damaged; restore it from a backup",
    "unable to open": "name a file in a folder that this user can write",
    "locked": f"another process has held it for {WAIT_SECONDS} s; look for one that hangs",
    "lock timeout": f"another process has held it for {WAIT_SECONDS} s; look for one that hangs",
    "full": "free some space",
    "no space": "free some space",
    "unique": f"other writers were faster for {WAIT_SECONDS} s; append again",
    "password": "check user and password",
    "does not exist": "create it, or correct the URL",
    "permission denied": "grant this user CREATE on the schema, SELECT and INSERT on its stageline tables",
}
_GENERAL_ADVICE = {
    "sqlite": "check the path and the rights of the file",
    "postgresql": "check that the server runs and that this machine reaches it",
}


def make_engine(url: URL) -> Engine:
    """Return an engine that connects anew for each use, so that forked workers never share a connection.

    :raises LedgerError: When the driver is not installed or the file's folder cannot be made.
    """
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite:
        _make_folder(url)
    try:
        if sqlite:
            engine = create_engine(
                url, poolclass=NullPool, hide_parameters=True, connect_args={"timeout": WAIT_SECONDS}
            )
            event.listen(engine, "connect", _read_any_text)
            return engine
        return create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,
            isolation_level="READ COMMITTED",
            connect_args=_postgres_arguments(url),
        )
    except ImportError as error:
        raise LedgerError(
            f"ledger {shown(url)}: the PostgreSQL driver psycopg is not installed ({error}); "
            "install airflow-provider-stageline[postgres]"
        ) from error


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes; it waits at most 30 s for another writer."""
    with engine.begin() as connection:
        connection.exec_driver_sql(_BEGIN_WRITE[engine.dialect.name])
        yield connection


@contextmanager
def plain_errors(engine: Engine) -> Iterator[None]:
    """Turn the database's errors into a sentence that names the ledger and says what to do.

    :raises LedgerError: For every error of the database.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise LedgerError(_sentence(engine, error)) from error


def use_write_ahead_log(engine: Engine) -> None:
    """Let SQLite's readers and its writer work side by side; the file remembers it."""
    give_up = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            # SQLite's own waiting does not cover this switch.
            if "locked" not in str(error.orig) or time.monotonic() > give_up:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


def _sentence(engine: Engine, error: SQLAlchemyError) -> str:
    said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    if engine.url.password:
        said = said.replace(str(engine.url.password), "***")
    known = (advice for words, advice in _ADVICE.items() if words in said.lower())
    return f"ledger {shown(engine.url)}: {said}; {next(known, _GENERAL_ADVICE[engine.dialect.name])}"


def _postgres_arguments(url: URL) -> dict[str, str | int]:
    arguments: dict[str, str | int] = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "stageline",
        "client_encoding": "utf8",
    }
    return {name: value for name, value in arguments.items() if name not in url.query}


def _read_any_text(connection: sqlite3.Connection, _: object) -> None:
    # A text that was edited into bytes that are no UTF-8 is a fault of its record, not the end of reading.
    connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")


def _make_folder(url: URL) -> None:
    database = str(url.database)
    if database.startswith("file:"):
        return
    folder = Path(database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"ledger {shown(url)}: its folder {str(folder)!r} cannot be made: {error.strerror}; "
            "name a file in a folder that this user can write"
        ) from error
