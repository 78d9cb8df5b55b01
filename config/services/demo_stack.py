"""The stack that `demo` sells at: the one that runs in this folder, or one of its own for as long as it takes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.services.processes import ProcessFailed
from config.services.stack import Stack
from config.services.state import StateDir


@contextmanager
def demo_stack(state: StateDir) -> Iterator[None]:
    """Give the demo the environment of a running stack, starting one where none runs.

    :raises SystemExit: a process of the stack did not start.
    """
    running = state.running()
    if running is not None:
        os.environ.update(running.environment)
        yield
        return
    try:
        with Stack(state_dir=state.root, tell=_tell) as stack:
            os.environ.update(stack.environment())
            yield
    except ProcessFailed as error:
        raise SystemExit(str(error)) from None


def _tell(text: str) -> None:
    """Say what is being done, where a person reads it and a program that reads the output does not."""
    print(f"{text} ...", file=sys.stderr, flush=True)  # noqa: T201 - Django, whose output this would be, is not loaded yet
