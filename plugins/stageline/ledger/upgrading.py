"""Bring a ledger's tables to this package's version, once, however many processes open it at once."""

import logging
import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, func, inspect, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from stageline.exceptions import LedgerError
from stageline.ledger.engines import use_write_ahead_log, writing
from stageline.ledger.schema import VERSION
from stageline.ledger.urls import shown

MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = int.from_bytes(b"stagelin")
# Alembic keeps what it works on in module globals, so threads of one process take turns.
_ONE_THREAD = threading.Lock()
_log = logging.getLogger(__name__)


def known_versions() -> tuple[str, ...]:
    """Return the versions this package can bring a ledger to, oldest first."""
    return tuple(sorted(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py")))


def upgrade_if_needed(engine: Engine) -> None:
    """Bring a ledger to this package's version; one query where nothing is to be done.

    :raises LedgerError: When the ledger was written by a newer version of the package.
    """
    known = known_versions()
    with engine.connect() as connection:
        try:
            found = connection.execute(select(VERSION.c.version_num)).scalar()
        except (OperationalError, ProgrammingError):
            connection.rollback()
            found = _stored_version(connection)
    if found == known[-1]:
        return
    _refuse_newer(engine, found, known)
    if engine.dialect.name == "sqlite":
        use_write_ahead_log(engine)
    with _ONE_THREAD, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            _refuse_narrow(connection)
            connection.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
        found = _stored_version(connection)
        _refuse_newer(engine, found, known)
        if found != known[-1]:
            _log.info("Ledger %s: from version %s to %s", shown(engine.url), found or "none", known[-1])
            _upgrade(connection)


def _stored_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION.name):
        return None
    return connection.execute(select(VERSION.c.version_num)).scalar()


def _refuse_newer(engine: Engine, found: str | None, known: tuple[str, ...]) -> None:
    if found is not None and found not in known:
        raise LedgerError(
            f"ledger {shown(engine.url)} has version {found!r}, this package knows {known[0]!r} to "
            f"{known[-1]!r}: a newer Stageline wrote it; upgrade airflow-provider-stageline here"
        )


def _refuse_narrow(connection: Connection) -> None:
    # Found out now, or later by the one record whose sentence quotes a character that does not fit.
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise LedgerError(
            f"ledger {shown(connection.engine.url)}: the database keeps text as {encoding}, expected UTF8; "
            "create one with ENCODING 'UTF8'"
        )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    # ConfigParser reads a single percent sign as the start of a placeholder.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")
