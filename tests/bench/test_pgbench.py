import pytest
from django.db import connection

from config.bench.pgbench import PgbenchFailedError, Script, run_script
from tests.bench.owner import owner_url

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_script_runs_as_often_as_it_is_told() -> None:
    connection.cursor().execute("CREATE TABLE ran (client int, n int)")
    try:
        script = Script("\\set n :n + 1\nINSERT INTO ran VALUES (:client_id, :n);\n", {"n": 10})

        rate = run_script(url=owner_url(), script=script, clients=2, each=3)

        with connection.cursor() as cursor:
            cursor.execute("SELECT client, n FROM ran ORDER BY 1, 2")
            assert cursor.fetchall() == [(0, 11), (0, 12), (0, 13), (1, 11), (1, 12), (1, 13)]
        assert rate > 0
    finally:
        connection.cursor().execute("DROP TABLE ran")


def test_a_script_that_fails_is_no_measurement() -> None:
    with pytest.raises(PgbenchFailedError, match="division by zero"):
        run_script(url=owner_url(), script=Script("SELECT 1 / 0;\n"), clients=1, each=1)
