"""Which database a ledger's URL names, and how to speak of it without its password."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from stageline.exceptions import LedgerError

_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_ENCODE = "with special characters in the password percent-encoded"
_FORMS = "write sqlite:////FOLDER/ledger.db or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


def parse_url(url: str) -> URL:
    """Return a ledger's URL with its driver named.

    :raises LedgerError: When it names no database that can hold a ledger.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text of these errors can hold a part of the password.
        raise LedgerError(f"the ledger's URL cannot be read; {_FORMS}, {_ENCODE}") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise LedgerError(f"the ledger's URL begins with {parsed.drivername!r}; {_FORMS}")
    if driver.startswith("postgresql") and "@" in f"{parsed.host}{parsed.database}":
        # What follows that sign can be the rest of the password, so nothing of it is shown.
        raise LedgerError(f"the ledger's URL has more than one '@'; {_FORMS}, {_ENCODE}")
    if driver.startswith("sqlite") and parsed.database in (None, "", ":memory:"):
        raise LedgerError(f"{url!r} is a ledger in memory, which would be lost; {_FORMS}")
    return parsed.set(drivername=driver)


def shown(url: URL) -> str:
    """Return a URL for people and logs, without any password."""
    secret = [key for key in url.query if "password" in key.lower()]
    return url.difference_update_query(secret).render_as_string(hide_password=True)
