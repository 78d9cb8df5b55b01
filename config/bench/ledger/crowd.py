"""Many clients at once in Python, a process each: one interpreter's lock would be all that is measured."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from threading import BrokenBarrierError

# What a client does before the clock starts: connections are opened, statements planned, modules loaded.
WARM_UP_ROUNDS = 10
# Starting so many processes on few cores takes a while; one that dies must not leave the others waiting for ever.
START_TIMEOUT_SECONDS = 120

_fork = multiprocessing.get_context("fork")


def crowd_rate(*, clients: int, seconds: float, make_client: Callable[[int], Callable[[], int]]) -> float:
    """Return the transactions a second of all clients together.

    :param make_client: is called in each client's process with its number, and returns what the client does again and
        again: one step, which returns how many transactions it made.
    """
    start = _fork.Barrier(clients)

    def client(number: int) -> float:
        try:
            step = make_client(number)
            for _ in range(WARM_UP_ROUNDS):
                step()
            start.wait(START_TIMEOUT_SECONDS)
        except BrokenBarrierError:
            raise
        except BaseException:
            start.abort()
            raise
        done, began = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - began) < seconds:
            done += step()
        return done / elapsed

    _inherited.append(client)
    with ProcessPoolExecutor(max_workers=clients, mp_context=_fork) as processes:
        return sum(processes.map(_run, range(clients)))


# A closure cannot be sent to a process, but a forked one has it.
_inherited: list[Callable[[int], float]] = []


def _run(number: int) -> float:
    return _inherited[-1](number)
