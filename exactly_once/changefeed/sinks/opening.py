"""From ``--sink`` to a sink."""

from pathlib import Path

import psycopg
import redis

from exactly_once.changefeed.entries import Sink
from exactly_once.changefeed.sinks.jsonl import JsonlSink
from exactly_once.changefeed.sinks.postgres import PostgresSink
from exactly_once.changefeed.sinks.valkey_stream import ValkeyStreamSink

# Something is out of reach, or a killed process's session still holds the slot: to be tried again.
AWAY = (psycopg.OperationalError, redis.ConnectionError, redis.TimeoutError)


class UnknownSink(ValueError):
    """No sink is written like this."""


def open_sink(*, spec: str, slot: str, valkey_url: str, postgres_url: str) -> Sink:
    """Open ``jsonl:PATH``, ``valkey:STREAM`` or ``postgres:URL``; a bare ``postgres:`` takes ``postgres_url``.

    :raises UnknownSink: it is none of these.
    """
    kind, _, where = spec.partition(":")
    match kind:
        case "jsonl" if where:
            return JsonlSink(Path(where))
        case "valkey" if where:
            return ValkeyStreamSink(valkey_url, where)
        case "postgres" if where or postgres_url:
            return PostgresSink(where or postgres_url, slot)
        case _:
            raise UnknownSink("A sink is jsonl:PATH, valkey:STREAM or postgres:URL.")
