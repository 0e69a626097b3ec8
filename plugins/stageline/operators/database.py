"""From an Airflow connection of a PostgreSQL database to the address SQLAlchemy takes."""

from urllib.parse import quote, urlencode

from stageline.exceptions import Refusal

_POSTGRES = ("postgres", "postgresql")


def database_url(conn_id: str) -> str | None:
    """Return the database's address, or none where there is no such connection.

    :param conn_id: The connection's id.
    :raises Refusal: The connection does not say where its database is.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None
    if connection.conn_type not in _POSTGRES or not connection.host or not connection.schema:
        raise Refusal(
            f"connection {conn_id!r}: found type {connection.conn_type!r}, host {connection.host!r}, "
            f"database {connection.schema!r}; expected a type 'postgres' with both"
        )
    login = ""
    if connection.login:
        password = f":{quote(connection.password, safe='')}" if connection.password else ""
        login = f"{quote(connection.login, safe='')}{password}@"
    host = f"[{connection.host}]" if ":" in connection.host else connection.host
    port = f":{connection.port}" if connection.port else ""
    secured = {name: value for name, value in connection.extra_dejson.items() if name.startswith("ssl")}
    query = f"?{urlencode(secured)}" if secured else ""
    return f"postgresql://{login}{host}{port}/{quote(connection.schema, safe='')}{query}"
