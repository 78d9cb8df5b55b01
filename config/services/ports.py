"""Free TCP ports on this machine."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

HOST = "127.0.0.1"

# How far to look behind a port that is taken before any free one will do: near enough to be remembered.
NEIGHBOURS = 20


def is_free(*, port: int) -> bool:
    """Return whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections linger (TIME_WAIT) is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def choose(*, preferred: int) -> int:
    """Return the preferred port, or where that is taken one near it, or any free one."""
    for port in range(preferred, preferred + NEIGHBOURS):
        if is_free(port=port):
            return port
    return any_free(count=1)[0]


def any_free(*, count: int) -> list[int]:
    """Return so many different free ports, chosen by the operating system."""
    with ExitStack() as held:
        # Held together, so that none is given twice.
        return [held.enter_context(_bound_port()) for _ in range(count)]


@contextmanager
def _bound_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind((HOST, 0))
        yield holder.getsockname()[1]
