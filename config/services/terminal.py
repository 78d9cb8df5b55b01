"""What a person sees of a starting and running stack."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.status import Status
from rich.table import Table

from config.services.stack import Stack


class Terminal:
    """Steps with the time each took, single lines, and the box with the addresses.

    A terminal that was closed must not keep the stack from stopping: what cannot be shown is dropped.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self._console = Console(highlight=False, soft_wrap=True, stderr=stderr)
        self._status = Status("", console=self._console)
        self._step = ""
        self._since = time.monotonic()

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Show the step at hand as moving, until the context is left."""
        try:
            yield
        finally:
            self._finish_step()
            with contextlib.suppress(OSError):
                self._status.stop()

    def step(self, text: str) -> None:
        """Begin a step; the one before it is done."""
        self._finish_step()
        self._step, self._since = text, time.monotonic()
        with contextlib.suppress(OSError):
            self._status.update(f"{text} ...")
            self._status.start()

    def say(self, text: str) -> None:
        """Print a line."""
        with contextlib.suppress(OSError):
            self._console.print(text, markup=False)

    def welcome(self, stack: Stack) -> None:
        """Print what a newcomer needs to know, in one box."""
        self._finish_step()
        with contextlib.suppress(OSError):
            self._status.stop()
            self._console.print(_panel(stack))

    def _finish_step(self) -> None:
        if self._step:
            text, seconds = self._step, time.monotonic() - self._since
            self._step = ""
            with contextlib.suppress(OSError):
                self._console.print(f"[green]✓[/] {text} [dim]{seconds:.1f} s[/]")


def _panel(stack: Stack) -> Panel:
    sign_in = stack.sign_in
    rows = [
        ("Shop", f"{stack.base_url}/shop/"),
        ("Admin", f"{stack.base_url}/admin/"),
        ("  name", sign_in.username),
        ("  password", sign_in.password),
        ("API docs", f"{stack.base_url}/api/docs/"),
        ("  key", sign_in.api_key),
        ("PSP simulator", stack.simulator_url),
        ("Logs", str(_short(stack.state.logs))),
    ]
    table = Table.grid(padding=(0, 3))
    for name, value in rows:
        table.add_row(f"[bold]{name}[/]", value)
    title, subtitle = f"[bold]Tally runs at {stack.base_url}[/]", "Ctrl-C stops everything"
    return Panel(table, title=title, subtitle=subtitle, expand=False, padding=(1, 2))


def _short(path: Path) -> Path:
    """Return the path as seen from here, where that is shorter."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
