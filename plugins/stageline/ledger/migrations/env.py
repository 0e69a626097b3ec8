"""Alembic runs this file: it migrates through the connection it is handed, in its transaction."""


def run() -> None:
    """Bring the tables to the version that was asked for."""
    from alembic import context

    from stageline.ledger.schema import METADATA, VERSION

    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATA,
        version_table=VERSION.name,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
