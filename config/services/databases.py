"""Databases and login roles on a server that we may administer. Tables are the migrations' work."""

import psycopg
from psycopg import sql

# The group role that exactly_once's first migration creates; its grants are all that the application may do.
GROUP_ROLE = "tally_app"
# Who web, worker, beat and relay are.
LOGIN_ROLE = "tally_web"


class NotMigratedError(Exception):
    """The database has no tables yet."""


def ensure_database(*, server_url: str, name: str) -> None:
    """Create the database unless it exists.

    :param server_url: any database of the server, as a role that may create databases.
    """
    with psycopg.connect(server_url, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def ensure_login_role(*, owner_url: str, password: str | None = None) -> None:
    """Create the application's login role unless it exists, and let it read which migrations ran.

    :param password: None where the server asks for none: the embedded one is reached through a private socket alone.
    :raises NotMigratedError: the migration that creates its group has not run.
    """
    with psycopg.connect(owner_url) as connection:
        # A role belongs to the whole server, a table to its database: look for both.
        migrated = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone() == (True,)
        if not (migrated and _role_exists(connection, GROUP_ROLE)):
            raise NotMigratedError
        group, login = sql.Identifier(GROUP_ROLE), sql.Identifier(LOGIN_ROLE)
        if not _role_exists(connection, LOGIN_ROLE):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(login, group))
        if password is not None:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(login, password))
        # Made by Django before any migration could set default privileges.
        connection.execute(sql.SQL("GRANT SELECT ON django_migrations TO {}").format(group))


def has_people(*, owner_url: str) -> bool:
    """Return whether anybody can sign in to the admin of this migrated database."""
    with psycopg.connect(owner_url) as connection:
        return bool(connection.execute("SELECT FROM auth_user LIMIT 1").rowcount)


def _role_exists(connection: psycopg.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount)
