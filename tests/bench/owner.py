"""The test database as programs beside Django reach it."""

from django.db import connection


def owner_url() -> str:
    """Return what libpq connects with: as the superuser that tests are."""
    parameters = connection.get_connection_params()
    return f"host={parameters['host']} dbname={parameters['dbname']} user={parameters['user']}"
