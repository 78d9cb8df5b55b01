"""Run many callers at the same instant, each on its own database connection."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def crowd[T](size: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Call ``act(0..size-1)`` from ``size`` threads that start together; return results or exceptions, in order."""
    barrier = threading.Barrier(size)

    def run(number: int) -> T | Exception:
        barrier.wait(timeout=30)
        try:
            return act(number)
        except Exception as error:  # noqa: BLE001 - the caller looks at what each thread met
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=size) as pool:
        return list(pool.map(run, range(size)))


def everyone[T](size: int, act: Callable[[int], T]) -> list[T]:
    """Do the same where nobody may fail."""
    results = []
    for result in crowd(size, act):
        if isinstance(result, Exception):
            raise result
        results.append(result)
    return results
