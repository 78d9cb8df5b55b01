"""A process with Django loaded and no connection open, from which every process of a crash run is forked.

``python -m tests.crash.nursery`` reads orders, one JSON object a line, and answers each with how the child ended.
Started anew, a process would take a second to load; forked, it has its first statement out after some milliseconds.
"""

import importlib
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import django

# What Django does not load by itself, so that no child has to.
AHEAD = (
    "celery.events",
    "httpcore",
    "kombu.simple",
    "kombu.transport.redis",
    "stripe._stripe_client",
    "tests.crash.broken",
    "tests.crash.recovery",
)


def main() -> None:
    # What Django and its handlers say goes to the log; the answers have the way out for themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    django.setup()
    from config.celery import app

    app.loader.import_default_modules()
    for module in AHEAD:
        importlib.import_module(module)

    for line in sys.stdin:
        told = _bear(json.loads(line))
        # What one child has loaded in the middle of its work, the next ones are born with.
        for module in told.pop("loaded", []):
            with suppress(ImportError):
                importlib.import_module(module)
        answers.write(json.dumps(told) + "\n")


def _bear(order: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for an order; return its signal, and what it told before it ended."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _live(order, write_end)
    os.close(write_end)
    with os.fdopen(read_end) as told:
        said = told.read()
    _, status = os.waitpid(child, 0)
    return {"signal": os.WTERMSIG(status), **(json.loads(said) if said else {})}


def _live(order: dict[str, Any], write_end: int) -> None:
    known = set(sys.modules)
    try:
        said: dict[str, Any] = {"result": _obey(**order)}
        said["loaded"] = [name for name in sys.modules if name not in known]
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
        said = {"error": traceback.format_exc()}
    with os.fdopen(write_end, "w") as tell:
        tell.write(json.dumps(said))
    os._exit(0)


def _obey(*, do: str, scenario: str, broken: str | None = None, **order: Any) -> Any:
    from django.db import connection

    from tests.crash.broken import BREAKS
    from tests.crash.points import Points
    from tests.crash.recovery import recover
    from tests.crash.scenarios import SCENARIOS

    if broken is not None:
        BREAKS[broken]()
    match do:
        case "prepare":
            result: Any = SCENARIOS[scenario].prepare()
        case "act":
            points = Points(Path(order["journal"]), fatal=order["fatal"])
            points.install()
            SCENARIOS[scenario].act(order["facts"], points)
            result = None
        case _:
            result = recover(facts=order["facts"], reached=order["reached"], first=order["first"])
    connection.close()
    return result


if __name__ == "__main__":
    main()
