"""The stack that a command talks to: the one that runs in this folder, or one of its own for as long as it takes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from config.services.postgres import ServerFailedError
from config.services.processes import ProcessFailed
from config.services.servers import given_broker, given_database
from config.services.stack import Stack
from config.services.state import AlreadyRunning, StateDir
from config.services.terminal import Terminal


@contextmanager
def command_stack(state: StateDir) -> Iterator[None]:
    """Give the command the environment of a running stack, starting one where none runs.

    :raises SystemExit: a process of the stack did not start.
    """
    with ExitStack() as held:
        running = state.running()
        os.environ.update(running.environment if running else held.enter_context(_started(state)).environment())
        yield


@contextmanager
def _started(state: StateDir) -> Iterator[Stack]:
    # Standard output belongs to the command: a program may read it.
    terminal = Terminal(stderr=True)
    database, broker_url = given_database(os.environ), given_broker(os.environ)
    stack = Stack(state_dir=state.root, database=database, broker_url=broker_url, tell=terminal.step)
    with ExitStack() as held:
        try:
            with terminal.working():
                held.enter_context(stack)
        except (AlreadyRunning, ProcessFailed, ServerFailedError) as error:
            raise SystemExit(str(error)) from None
        yield stack
