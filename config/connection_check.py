"""Whether a pooled connection is still good, without asking the server.

Asking costs a round trip for every request. A server that ends a session says so and closes the line, and what it sent
waits in the socket; an idle session has nothing else to say.
"""

import select
from typing import Any

import psycopg
from django.db import connection as request_connection


def check_quietly(connection: psycopg.Connection[Any]) -> None:
    """Return where nothing has come in since the connection was given back.

    Otherwise close it: libpq, which has not read yet what came in, still calls an open one idle, and the pool would
    lend it out again and again. Have the pool replace the others too, as a server seldom ends one session alone: a
    request that met one dead connection after another would wait longer each time.

    What this cannot see, a line that was cut without a word, a question would not see in time either: it would wait for
    an answer as long as the first statement does.

    :raises psycopg.OperationalError: the server has ended the session, or has something to say that nobody waited for.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN | select.POLLPRI)
    if waiting.poll(0):
        connection.close()
        if pool := request_connection.pool:  # type: ignore[attr-defined]  # PostgreSQL's has one
            pool.drain()
        raise psycopg.OperationalError("The server has ended the session, or spoken unasked.")
