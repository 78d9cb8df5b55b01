"""What `manage.py up` keeps in its state directory (.tally/): secrets made on the first start, and who runs now."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from config.services import simulated
from config.services.leftovers import is_same_process
from config.services.postgres import OWNER_ROLE, Cluster

DATABASE_NAME = "tally"


@dataclass(frozen=True, slots=True)
class SignIn:
    """The administrator and the API key of a development database."""

    username: str
    password: str
    api_key: str


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A stack that runs, as other commands see it: its process, its addresses, and what its processes were told."""

    pid: int
    started: float
    base_url: str
    simulator_url: str
    owner_url: str
    environment: Mapping[str, str]


class AlreadyRunning(Exception):
    """A stack runs in this state directory.

    :ivar stack: what runs, None while it is still starting.
    """

    def __init__(self, stack: RunningStack | None) -> None:
        super().__init__("a stack runs in this state directory")
        self.stack = stack


@dataclass(frozen=True, slots=True)
class StateDir:
    """The state directory. Files that hold secrets are readable by their owner alone."""

    root: Path

    @property
    def logs(self) -> Path:
        """Return the directory of the processes' logs."""
        return self.root / "logs"

    @property
    def cluster(self) -> Cluster:
        """Return the embedded PostgreSQL server."""
        return Cluster(self.root / "postgres", self.logs / "postgres.log")

    @property
    def owner_url(self) -> str:
        """Return the embedded database's address for its owner."""
        return self.cluster.url(role=OWNER_ROLE, database=DATABASE_NAME)

    def secrets(self) -> dict[str, str]:
        """Return this installation's own secrets, made on the first call."""
        path = self.root / "secrets.json"
        known = dict(json.loads(path.read_text())) if path.exists() else {}
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SHOP_API_KEY": f"sk_{secrets.token_urlsafe(32)}",
            **simulated.new_secrets(),
        }
        if not made.keys() <= known.keys():
            # What an earlier version made stays as it is.
            known = made | known
            write_private(path, known)
        return known

    def sign_in(self) -> SignIn | None:
        """Return the sign-in that the first start made, None before it."""
        if not self.sign_in_path.exists():
            return None
        return SignIn(**json.loads(self.sign_in_path.read_text()))

    @property
    def sign_in_path(self) -> Path:
        """Return where the sign-in is kept."""
        return self.root / "sign-in.json"

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the directory against a second stack. The lock ends with this process, however it ends.

        :raises AlreadyRunning: another process holds it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "stack.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(self.running()) from None
            yield

    def announce(self, stack: RunningStack) -> None:
        """Tell other commands what runs here."""
        write_private(self._running_path, asdict(stack))

    def retire(self) -> None:
        """Tell other commands that nothing runs here any more."""
        self._running_path.unlink(missing_ok=True)

    def running(self) -> RunningStack | None:
        """Return the stack that runs here, None where nothing does or its process died without a word."""
        try:
            stack = RunningStack(**json.loads(self._running_path.read_text()))
        except FileNotFoundError:
            return None
        return stack if is_same_process(pid=stack.pid, started=stack.started) else None

    @property
    def _running_path(self) -> Path:
        return self.root / "stack.json"


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only the owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    unfinished.replace(path)
