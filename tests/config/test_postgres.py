import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config.services.joining import joined
from config.services.postgres import OWNER_ROLE, PARAMETERS, Cluster, short_socket_dir
from tests.servers import STATE_DIR


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A durable server as `up` has it, not the fast one of the test database."""
    cluster = Cluster(STATE_DIR / "durable" / "postgres", STATE_DIR / "durable" / "postgres.log")
    cluster.stop()
    yield cluster
    cluster.stop()


def _ask(cluster: Cluster, query: str) -> str:
    with psycopg.connect(cluster.url(role=OWNER_ROLE, database="postgres")) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row
    return str(row[0])


def test_the_server_of_development_is_durable_and_listens_on_no_port(cluster: Cluster) -> None:
    with joined(cluster):
        assert _ask(cluster, "SHOW fsync") == "on"
        assert _ask(cluster, "SHOW synchronous_commit") == "on"
        assert _ask(cluster, "SHOW full_page_writes") == "on"
        assert _ask(cluster, "SHOW listen_addresses") == ""
        for name, value in PARAMETERS.items():
            assert _ask(cluster, f"SHOW {name}") == value
        assert _ask(cluster, "SHOW server_version").startswith("18.")


def test_a_committed_row_survives_a_crash_of_the_server(cluster: Cluster) -> None:
    cluster.start()
    with psycopg.connect(cluster.url(role=OWNER_ROLE, database="postgres")) as connection:
        connection.execute("DROP TABLE IF EXISTS crash")
        connection.execute("CREATE TABLE crash AS SELECT 42 AS answer")

    cluster.kill9()

    assert cluster.pid() is None
    cluster.start()
    assert _ask(cluster, "SELECT answer FROM crash") == "42"
    cluster.stop()


def test_a_file_of_a_dead_server_whose_id_another_process_has_does_not_keep_it_from_starting(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    lines = ["1", str(cluster.data_dir), "1", "5432", str(cluster.socket_dir), "", "0 0", "ready"]
    (cluster.data_dir / "postmaster.pid").write_text("\n".join(lines) + "\n")

    assert cluster.pid() is None
    cluster.start()
    assert _ask(cluster, "SELECT 1") == "1"
    cluster.stop()


def test_an_interrupted_first_start_begins_again() -> None:
    root = STATE_DIR / "interrupted"
    shutil.rmtree(root, ignore_errors=True)
    (root / "postgres.unfinished" / "base").mkdir(parents=True, exist_ok=True)
    cluster = Cluster(root / "postgres", root / "postgres.log")

    with joined(cluster):
        assert _ask(cluster, "SELECT 1") == "1"

    assert cluster.pid() is None
    assert not (root / "postgres.unfinished").exists()


def test_stopping_a_stopped_server_does_nothing(cluster: Cluster) -> None:
    cluster.stop()

    cluster.stop()

    assert cluster.pid() is None


def test_a_socket_whose_path_would_be_too_long_goes_to_the_temporary_folder() -> None:
    near, far = Path("/srv/tally"), Path("/srv") / ("x" * 120)

    assert short_socket_dir(near, socket_name="s") == near
    assert short_socket_dir(far, socket_name="s") == short_socket_dir(far, socket_name="s")
    assert len(str(short_socket_dir(far, socket_name="s"))) < 60
    assert short_socket_dir(far, socket_name="s") != short_socket_dir(far / "y", socket_name="s")
