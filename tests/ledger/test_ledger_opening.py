import logging
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, text

from stageline.exceptions import LedgerError
from stageline.ledger import Entry, Ledger, upgrading
from stageline.ledger.engines import make_engine, writing
from stageline.ledger.schema import METADATA, VERSION
from stageline.ledger.urls import parse_url, shown

Make = Callable[..., Entry]

LATER = '''
"""A later version, as a test makes it."""
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "0003"


def upgrade():
    op.add_column("stageline_record", sa.Column("later", sa.Text))
'''


def later_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A percent sign in the path once meant a placeholder to the reader of Alembic's settings.
    migrations = folder / "50% later" / "migrations"
    shutil.copytree(upgrading.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "9998_later.py").write_text(LATER, encoding="utf-8")
    monkeypatch.setattr(upgrading, "MIGRATIONS", migrations)


def test_versions_are_alembics(tmp_path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(upgrading.MIGRATIONS))
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == upgrading.known_versions()


def test_migrations_make_the_tables_of_the_schema(ledger: Ledger, ledger_url: str) -> None:
    with make_engine(parse_url(ledger_url)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION.name})
        assert compare_metadata(context, METADATA) == []


def test_an_older_ledger_is_upgraded_and_keeps_its_chain(
    ledger: Ledger, entry: Make, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ledger.append(entry("a"))
    later_package(tmp_path, monkeypatch)
    with Ledger.open(ledger_url) as upgraded:
        upgraded.append(entry("b"))
        assert upgraded.find("a") == first
        assert upgraded.verify() == []
    with make_engine(parse_url(ledger_url)).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM stageline_version")).scalar() == "9998"
        assert connection.execute(text("SELECT later FROM stageline_record")).scalars().all() == [None, None]


def test_a_newer_ledger_is_refused(ledger: Ledger, ledger_url: str) -> None:
    with writing(make_engine(parse_url(ledger_url))) as connection:
        connection.execute(VERSION.update().values(version_num="9999"))
    with pytest.raises(LedgerError, match=r"version '9999'.*knows '0001' to '0003'.*upgrade airflow-provider"):
        Ledger.open(ledger_url)


def test_a_failed_upgrade_changes_nothing(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: Make
) -> None:
    later_package(tmp_path, monkeypatch)
    later = upgrading.MIGRATIONS / "versions" / "9998_later.py"
    later.write_text(LATER + '    op.drop_table("no_such_table")\n', encoding="utf-8")
    with pytest.raises(LedgerError, match="no_such_table"):
        Ledger.open(ledger_url)
    later.write_text(LATER, encoding="utf-8")
    with Ledger.open(ledger_url) as ledger:
        assert ledger.append(entry("a")).position == 1


def test_opening_again_asks_one_question(ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(parse_url(ledger_url))
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    upgrading.upgrade_if_needed(engine)
    assert len(asked) == 1
    assert "stageline_version" in asked[0]


def test_opening_again_does_not_import_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    program = (
        "import sys; from stageline.ledger import Ledger; Ledger.open(sys.argv[1]).close(); "
        "sys.exit('alembic' in sys.modules or 'airflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", program, url], check=False).returncode == 0


def test_a_first_opening_leaves_the_logging_alone(tmp_path: Path) -> None:
    # Airflow's task logs hang on the handlers of the root logger.
    root, alembic = logging.getLogger(), logging.getLogger("alembic")
    before = (list(root.handlers), root.level, list(alembic.handlers), alembic.level, alembic.disabled)
    Ledger.open(f"sqlite:///{tmp_path}/ledger.db").close()
    assert (
        list(root.handlers),
        root.level,
        list(alembic.handlers),
        alembic.level,
        alembic.disabled,
    ) == before


def test_sqlite_uses_the_write_ahead_log_in_a_folder_it_makes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/deep/ledger.db"
    Ledger.open(url).close()
    with make_engine(parse_url(url)).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_file_that_is_no_database_is_refused_and_untouched(tmp_path: Path) -> None:
    table = tmp_path / "data.csv"
    table.write_text("a,b\n" * 500, encoding="utf-8")
    with pytest.raises(LedgerError, match=r"not a database; the file is something else"):
        Ledger.open(f"sqlite:///{table}")
    assert table.read_text(encoding="utf-8") == "a,b\n" * 500


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"unable to open database file; name a file in a folder"):
        Ledger.open(f"sqlite:///{tmp_path}")


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match=r"its folder .* cannot be made: .*; name a file"):
        Ledger.open(f"sqlite:///{tmp_path}/file/ledger.db")


def test_a_read_only_ledger_is_read_but_not_written(tmp_path: Path, entry: Make) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        record = ledger.append(entry("a"))
    with Ledger.open(f"sqlite:///file:{tmp_path}/ledger.db?mode=ro&uri=true") as ledger:
        assert ledger.find("a") == record
        with pytest.raises(LedgerError, match="readonly database; make the file and its folder writable"):
            ledger.append(entry("b"))


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_a_database_that_is_not_there_is_refused(postgres_url: str) -> None:
    url = postgres_url.rpartition("/")[0].replace("stageline@", "stageline:geheim@") + "/nowhere"
    with pytest.raises(LedgerError, match=r'database "nowhere" does not exist; create it') as caught:
        Ledger.open(url)
    assert "geheim" not in str(caught.value)


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_a_database_that_cannot_hold_all_characters_is_refused(postgres_url: str) -> None:
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(LedgerError, match="keeps text as LATIN1, expected UTF8"):
        Ledger.open(postgres_url.replace("/postgres", "/narrow"))


def test_a_server_that_is_not_there_is_refused_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # taken, and nobody listens
        url = f"postgresql://dana:geheim@127.0.0.1:{listener.getsockname()[1]}/db?sslpassword=geheim"
        with pytest.raises(LedgerError, match=r"postgresql\+psycopg://dana:\*\*\*@.*check that the server") as caught:
            Ledger.open(url)
    told = f"{caught.value}{caught.value.__cause__}"
    assert "geheim" not in told


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://dana:geheim@host/db", "begins with 'mysql'"),
        ("geheim", "cannot be read"),
        ("postgresql://dana@host:geheim/db", "cannot be read.*percent-encoded"),
        ("postgresql://dana:pass@geheim@host/db", "more than one '@'.*percent-encoded"),
        ("postgresql://dana:pass/@geheim/word@host/db", "more than one '@'.*percent-encoded"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_a_url_that_names_no_ledger_is_refused(url: str, said: str) -> None:
    with pytest.raises(LedgerError, match=said) as caught:
        Ledger.open(url)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_urls_get_their_driver(scheme: str) -> None:
    url = parse_url(f"{scheme}://dana:ge%2Fheim@host:5433/db?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert "dana:ge%2Fheim@" in url.render_as_string(hide_password=False)
    assert shown(url) == "postgresql+psycopg://dana:***@host:5433/db?sslmode=require"


def test_a_ledger_is_shown_without_its_password(tmp_path: Path) -> None:
    ledger = Ledger(make_engine(parse_url("postgresql://dana:geheim@host/db?password=geheim")))
    assert repr(ledger) == "Ledger('postgresql+psycopg://dana:***@host/db')"
