"""Free TCP ports on this machine."""

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

HOST = "127.0.0.1"

# Below those that operating systems lend to outgoing connections (Linux from 32768 on): one of them could be lent
# between being found free and being listened on.
NEVER_LENT = range(20_000, 32_768)
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
    """Return so many different ports that nobody uses now."""
    with ExitStack() as held:
        # Held together, so that none is given twice.
        return [held.enter_context(_bound_port()) for _ in range(count)]


@contextmanager
def _bound_port() -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        for port in random.sample(NEVER_LENT, len(NEVER_LENT)):
            with suppress(OSError):
                holder.bind((HOST, port))
                break
        else:
            raise OSError("There is no free port.")
        yield holder.getsockname()[1]
