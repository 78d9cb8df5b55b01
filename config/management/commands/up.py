"""Start the whole service on this machine and keep it running until Ctrl-C."""

import os
import signal
from argparse import ArgumentParser
from threading import Event
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from config.environment import PRODUCTION
from config.services import ports
from config.services.postgres import ServerFailedError
from config.services.processes import Cancelled, ProcessFailed
from config.services.servers import Ports, given_broker, given_database
from config.services.simulated import SIMULATOR_PORT
from config.services.stack import Stack
from config.services.state import AlreadyRunning, RunningStack, StateDir
from config.services.supervisor import supervise
from config.services.terminal import Terminal

WEB_PORT = 8000

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Command(BaseCommand):
    """For development. In production each process is a service of its own (docker-compose.yml)."""

    help = "Start PostgreSQL, Valkey, web, worker, beat, relay and the PSP simulator; stop them all on Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        simulator_help = f"where the PSP simulator listens (default {SIMULATOR_PORT})"
        parser.add_argument("--port", type=int, default=WEB_PORT, help=f"where the shop listens (default {WEB_PORT})")
        parser.add_argument("--simulator-port", type=int, default=SIMULATOR_PORT, help=simulator_help)
        parser.add_argument("--seed", type=int, default=1, help="of the simulator's faults (default 1)")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == PRODUCTION:
            raise CommandError("`up` is for development. In production each service starts alone: docker-compose.yml.")
        if running := StateDir(settings.STATE_DIR).running():
            raise CommandError(_where(running))
        terminal, stop = Terminal(), Event()
        stack = _stack(terminal, stop, options)
        _stop_on_signals(stop, stack)
        try:
            with terminal.working(), stack:
                terminal.welcome(stack)
                supervise(stack, until=stop, tell=terminal.say)
                terminal.step("Stopping")
        except AlreadyRunning as error:
            raise CommandError(_where(error.stack)) from None
        except (ProcessFailed, ServerFailedError) as error:
            raise CommandError(str(error)) from None
        except Cancelled:
            pass
        terminal.say("Everything is stopped.")


def _stack(terminal: Terminal, stop: Event, options: dict[str, Any]) -> Stack:
    return Stack(
        state_dir=settings.STATE_DIR,
        ports=Ports(
            web=_free_port(terminal, options["port"], "shop"),
            simulator=_free_port(terminal, options["simulator_port"], "PSP simulator"),
        ),
        database=given_database(os.environ),
        broker_url=given_broker(os.environ),
        seed=options["seed"],
        tell=terminal.step,
        cancelled=stop,
    )


def _free_port(terminal: Terminal, preferred: int, whose: str) -> int:
    port = ports.choose(preferred=preferred)
    if port != preferred:
        terminal.say(f"Port {preferred} is taken: the {whose} listens on {port} instead.")
    return port


def _stop_on_signals(stop: Event, stack: Stack) -> None:
    """Have the first Ctrl-C, termination or hang-up stop in good order, and the second at once."""

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            stack.kill_at_once()
        stop.set()

    for number in STOP_SIGNALS:
        signal.signal(number, ask)


def _where(stack: RunningStack | None) -> str:
    if stack is None:
        return f"Another `up` is starting or stopping in {settings.STATE_DIR}."
    return f"Tally runs already in this folder: {stack.base_url} (process {stack.pid}). Ctrl-C stops it there."
