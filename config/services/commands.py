"""The command line of every process of the service, the same in development and in the containers.

`tests/config/test_compose.py` holds docker-compose.yml to these words.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"


def web(*, host: str, port: int, workers: int, threads: int, application: str = "config.wsgi:application") -> list[str]:
    """Return the web server's command line.

    :param application: the WSGI application as `module:name`.
    """
    return [
        *("granian", "--interface", "wsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--blocking-threads", str(threads), "--respawn-failed-workers"),
        *("--log-config", "config/web_logs.json", application),
    ]


def worker(*, concurrency: int) -> list[str]:
    """Return the Celery worker's command line."""
    # Workers have nothing to tell each other: without gossip and mingle they start at once.
    quiet = ("--without-gossip", "--without-mingle")
    return ["celery", "--quiet", "--app", "config.worker", "worker", "--concurrency", str(concurrency), *quiet]


def beat(*, schedule: Path | str) -> list[str]:
    """Return the scheduler's command line. Only one may run.

    :param schedule: the file where it keeps when each task last ran.
    """
    return ["celery", "--quiet", "--app", "config.celery", "beat", "--schedule", str(schedule), "--pidfile", ""]


def relay() -> list[str]:
    """Return the outbox relay's command line."""
    return ["python", "manage.py", "relay"]


def migrate() -> list[str]:
    """Return the migration's command line; it runs as the tables' owner."""
    return ["python", "manage.py", "migrate", "--no-input"]


def application_role() -> list[str]:
    """Return the command line that makes the role of all others, after the migrations, as the tables' owner."""
    return ["python", "manage.py", "application_role"]


def admin_roles() -> list[str]:
    """Return the command line that makes the admin's roles, after the migrations."""
    return ["python", "manage.py", "admin_roles"]


def first_start() -> list[str]:
    """Return the command line that makes a new database usable, in development."""
    return ["python", "manage.py", "first_start"]


def simulator(
    *, port: int, state: Path | str, seed: int, webhook_base: str, webhook_secrets: Mapping[str, str]
) -> list[str]:
    """Return the PSP simulator's command line.

    :param webhook_base: where Tally is.
    :param webhook_secrets: what events are signed with, by PSP.
    """
    signed = [word for psp, secret in webhook_secrets.items() for word in ("--webhook-secret", f"{psp}={secret}")]
    return [
        *("python", "-m", "payments.simulator", "--port", str(port), "--state", str(state), "--seed", str(seed)),
        *("--webhook-base", webhook_base, *signed),
    ]


def local(command: list[str]) -> list[str]:
    """Return the command with its program as a full path of this Python's environment."""
    programs = Path(sys.executable).parent
    return [str(programs / command[0]), *command[1:]]
