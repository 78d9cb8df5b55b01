"""Sharing one embedded server between commands: who comes first starts it, who leaves last stops it.

File locks count the users, because a lock ends with its process however that ends.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.services.postgres import Cluster


@contextmanager
def joined(cluster: Cluster) -> Iterator[None]:
    """Hold the server: start it where it does not run, and stop it afterwards unless somebody else holds it.

    :raises ServerFailedError: it did not start.
    """
    cluster.data_dir.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(cluster, "users").open("w") as users:
        with _door(cluster):
            if cluster.pid() is None:
                cluster.start()
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with _door(cluster):
                fcntl.flock(users, fcntl.LOCK_UN)
                if _is_free(users.fileno()):
                    cluster.stop()


@contextmanager
def _door(cluster: Cluster) -> Iterator[None]:
    """Let one process at a time in or out, so that nobody joins a server that is being stopped."""
    with _lock_file(cluster, "door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _lock_file(cluster: Cluster, name: str) -> Path:
    return cluster.data_dir.with_name(f"{cluster.data_dir.name}.{name}.lock")


def _is_free(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
