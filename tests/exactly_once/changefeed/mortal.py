"""A change feed in processes that die: started as a program of its own, it forks a feed, kills it, and forks the next.

``python -m tests.exactly_once.changefeed.mortal DSN SINK SEED DEATHS LOSSES SINK_URL`` prints where each died, as JSON.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

from psycopg.errors import ObjectInUse

from exactly_once.changefeed.follow import open_feed
from exactly_once.changefeed.sinks.opening import open_sink
from exactly_once.changefeed.source import Source
from tests.exactly_once.changefeed.names import SLOT, TABLES

# Where a feed touches what outlives it: it may die before each, after each, and half way through a line.
POINTS = {"source": ("drop", "publish", "start_epoch", "peek", "advance"), "sink": ("restart", "write", "flush")}


def main() -> None:
    dsn, spec, seed, deaths, losses, url = sys.argv[1:7]
    draw = random.Random(int(seed))
    ends = []
    for _ in range(int(deaths)):
        if draw.random() < float(losses):
            _lose_slot(dsn)
        # Few points: it dies while it starts. Many: in the middle of its work. None: whenever its time comes.
        point = draw.choice([draw.randint(1, 12), draw.randint(12, 60), None])
        moment = draw.uniform(0.0, 0.15)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what it logs may break off anywhere
            _live(dsn, spec, url, Death(point, write_end, random.Random(draw.random())))
        os.close(write_end)
        if point is None:
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(read_end) as told:
            ends.append(told.read() or "any moment")
        assert os.WTERMSIG(status) == signal.SIGKILL, f"it ended by itself: {status}"
    print(json.dumps(ends))  # noqa: T201 - how it tells the test


def _lose_slot(dsn: str) -> None:
    with suppress(ObjectInUse), closing(Source(conninfo=dsn, slot=SLOT, tables=TABLES)) as source:
        source.drop()


def _live(dsn: str, spec: str, url: str, death: "Death") -> None:
    while True:
        with suppress(ObjectInUse):  # the session of the one that died before
            sink = open_sink(spec=spec, slot=SLOT, valkey_url=url, postgres_url=url)
            source = Source(conninfo=dsn, slot=SLOT, tables=TABLES)
            with closing(sink), closing(source):
                death.wait_in(sink, *POINTS["sink"])
                death.wait_in(source, *POINTS["source"])
                if hasattr(sink, "_file"):
                    death.tear(sink)
                feed = open_feed(source=source, sink=sink, copy=True)
                while True:
                    feed.round(limit=5)


class Death:
    """Comes at the nth point."""

    def __init__(self, point: int | None, tell: int, draw: random.Random) -> None:
        self._left, self._tell, self._draw = point, tell, draw

    def wait_in(self, thing: object, *names: str) -> None:
        for name in names:
            setattr(thing, name, self._around(name, getattr(thing, name)))

    def tear(self, sink: Any) -> None:
        """Let it die with part of its lines in the file."""
        real = sink.write

        def write(batch: Any) -> None:
            real(batch)
            self.at("torn", lambda: self._cut(sink._file))

        sink.write = write

    def _cut(self, file: Any) -> None:
        start = os.fstat(file.fileno()).st_size
        file.flush()
        os.ftruncate(file.fileno(), self._draw.randint(start, os.fstat(file.fileno()).st_size))

    def _around[**P, R](self, name: str, call: Callable[P, R]) -> Callable[P, R]:
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            self.at(f"before {name}")
            result = call(*args, **kwargs)
            self.at(f"after {name}")
            return result

        return called

    def at(self, place: str, last_act: Callable[[], None] = lambda: None) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left == 0:
            last_act()
            os.write(self._tell, place.encode())
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
