import subprocess
import sys

import pytest

from config.services.joining import joined
from config.services.leftovers import BASE_DIR
from config.services.postgres import Cluster
from tests.servers import STATE_DIR

HOLD = """
import sys
from pathlib import Path
from config.services.joining import joined
from config.services.postgres import Cluster
with joined(Cluster(Path(sys.argv[1]), Path(sys.argv[2]))):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(STATE_DIR / "durable" / "postgres", STATE_DIR / "durable" / "postgres.log")
    cluster.stop()
    return cluster


def _other_user(cluster: Cluster) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(cluster.data_dir), str(cluster.log_path)]
    user = subprocess.Popen(command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout
    assert user.stdout.readline() == "in\n"
    return user


def test_who_comes_first_starts_the_server_and_who_leaves_last_stops_it(cluster: Cluster) -> None:
    with joined(cluster):
        pid = cluster.pid()
        with _other_user(cluster) as other:
            other.communicate("")
        assert other.returncode == 0
        assert cluster.pid() == pid is not None

    assert cluster.pid() is None


def test_the_server_stays_for_another_user(cluster: Cluster) -> None:
    with _other_user(cluster) as other:
        with joined(cluster):
            pid = cluster.pid()
        assert cluster.pid() == pid is not None
        other.communicate("")

    assert cluster.pid() is None


def test_a_killed_user_does_not_keep_the_server_running(cluster: Cluster) -> None:
    with _other_user(cluster) as other:
        other.kill()
        other.wait()
        assert cluster.pid() is not None

    with joined(cluster):
        pass

    assert cluster.pid() is None


def test_an_error_of_its_user_stops_the_server_too(cluster: Cluster) -> None:
    with pytest.raises(ZeroDivisionError), joined(cluster):
        raise ZeroDivisionError

    assert cluster.pid() is None
