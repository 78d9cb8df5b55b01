"""The whole service as real processes on this machine: what `up`, `demo` and the end-to-end tests start.

Broker, database, PSP simulator, web, worker, beat and relay, each stopped again to the last child. Which command line
each has is in commands.py; who restarts what dies is in supervisor.py.
"""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from config.services import answers, commands, simulated, valkey
from config.services.databases import LOGIN_ROLE, ensure_database, ensure_login_role, has_people
from config.services.joining import joined
from config.services.leftovers import Record, guarded
from config.services.postgres import OWNER_ROLE
from config.services.processes import Process, end_all
from config.services.servers import Database, Ports, silent
from config.services.state import DATABASE_NAME, RunningStack, SignIn, StateDir

# Enough for the simulator, the browser and a load test on a developer's machine.
WEB_THREADS = 8
WORKER_CONCURRENCY = 2

WEB_PROCESS, WORKER_PROCESS, BEAT_PROCESS, RELAY_PROCESS = "web", "worker", "beat", "relay"
SIMULATOR_PROCESS, BROKER_PROCESS = "simulator", "valkey"

# The owner's address is for `migrate` alone, which is told its own.
NOT_INHERITED = frozenset({"DATABASE_OWNER_URL"})


class Stack:
    """A running service, from entering the context until leaving it.

    :param state_dir: data, logs and sign-in; the same directory again finds the same shop.
    :param database: None starts the embedded server of the state directory.
    :param broker_url: None starts an embedded broker.
    :param environment: variables for every process.
    :param of_process: variables for single processes, by their name.
    :param web_workers: processes of the web server.
    :param web_application: the WSGI application as `module:name`.
    :param without: names of processes not to start.
    :param tell: hears what is being done.
    :param cancelled: set by who wants starting to stop.
    """

    def __init__(
        self,
        *,
        state_dir: Path,
        ports: Ports | None = None,
        database: Database | None = None,
        broker_url: str | None = None,
        seed: int = 1,
        environment: Mapping[str, str] | None = None,
        of_process: Mapping[str, Mapping[str, str]] | None = None,
        web_workers: int = 1,
        web_application: str = "config.wsgi:application",
        without: frozenset[str] = frozenset(),
        tell: Callable[[str], None] = silent,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.state = StateDir(state_dir.resolve())
        self.ports = ports or Ports.any_free()
        self.base_url = f"http://{commands.HOST}:{self.ports.web}"
        self.simulator_url = f"http://{commands.HOST}:{self.ports.simulator}"
        self._database = database
        self.broker_url = broker_url or valkey.broker_url(data_dir=self._valkey_dir)
        self._own_broker = broker_url is None
        self._seed = seed
        self._environment = dict(environment or {})
        self._of_process = dict(of_process or {})
        self._web_workers = web_workers
        self._web_application = web_application
        self._without = without
        self._tell = tell
        self._cancelled = cancelled
        self._record = Record(self.state.root / "processes.jsonl")
        self._held = ExitStack()
        self.processes: dict[str, Process] = {}

    # --- What it is told, and tells -----------------------------------------------------------------------------------

    @property
    def database_url(self) -> str:
        """Return the database's address as the tables' owner."""
        return self._database.owner_url if self._database else self.state.owner_url

    @property
    def app_database_url(self) -> str:
        """Return the database's address as the application."""
        if self._database:
            return self._database.app_url
        return self.state.cluster.url(role=LOGIN_ROLE, database=DATABASE_NAME)

    @property
    def sign_in(self) -> SignIn:
        """Return the administrator's sign-in and the API key."""
        sign_in = self.state.sign_in()
        assert sign_in, "the stack has not started"
        return sign_in

    @property
    def api_key(self) -> str:
        """Return the API key, with every scope."""
        return self.sign_in.api_key

    def environment(self) -> dict[str, str]:
        """Return what the application's processes are told, beside the variables of this process."""
        return {
            **self.state.secrets(),
            "TALLY_STATE_DIR": str(self.state.root),
            "DATABASE_URL": self.app_database_url,
            "CELERY_BROKER_URL": self.broker_url,
            "PUBLIC_URL": self.base_url,
            "SHOP_COUNTRY": "DE",  # where the sample shop is
            **simulated.variables(simulator_url=self.simulator_url),
            **self._environment,
        }

    # --- Start and stop -----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Start everything, and return when it answers.

        :raises AlreadyRunning: another stack has this state directory.
        :raises ProcessFailed, ServerFailedError, Cancelled: something did not start; nothing is left running.
        """
        self._held.enter_context(self.state.only_one())
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, in good order or by force: all at once, and the broker when nobody needs it any more."""
        self.state.retire()
        broker = self.processes.get(BROKER_PROCESS)
        end_all([process for process in self.processes.values() if process is not broker])
        end_all([broker] if broker else [])
        if not self._database:
            # Whoever else uses it (a shell in another window) uses what this stack started.
            self.state.cluster.stop()
        self._record.clear()
        self._held.close()

    def kill9(self) -> None:
        """Kill every process but the database, as a crash would. They can be restarted one by one."""
        for process in self.processes.values():
            process.kill9()

    def kill_at_once(self) -> None:
        """Kill every process but the database, and wait for none: for a signal handler."""
        for process in self.processes.values():
            process.kill_at_once()

    def _start(self) -> None:
        if leftovers := self._record.stop_all():
            self._tell(f"Stopped {leftovers} processes that an earlier start had left behind")
        self._held.enter_context(guarded(self._record))
        self._start_servers()
        self._tell("Migrating the database")
        self._run_once("migrate", commands.migrate(), DATABASE_URL=self.database_url)
        if not self._database:
            ensure_login_role(owner_url=self.database_url)
        self._tell("Starting web, worker, beat and relay")
        for process in self._application():
            self._launch(process)
        if not (self.state.sign_in() and has_people(owner_url=self.database_url)):
            self._run_once("first_start", commands.first_start())
        for process in self.processes.values():
            process.wait_until_ready(cancelled=self._cancelled)
        self._announce()

    def _start_servers(self) -> None:
        """Start what the application needs. They need nothing of each other."""
        if self._own_broker:
            self._tell("Starting Valkey")
            self._launch(self._broker())
        self._launch(self._simulator())
        if not self._database:
            self._tell("Starting PostgreSQL")
            self._held.enter_context(joined(self.state.cluster))
            if pid := self.state.cluster.pid():
                # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
                self._record.add(pid=pid, stop_signal=signal.SIGINT)
            server = self.state.cluster.url(role=OWNER_ROLE, database="postgres")
            ensure_database(server_url=server, name=DATABASE_NAME)
        if self._own_broker:
            self.processes[BROKER_PROCESS].wait_until_ready(cancelled=self._cancelled)

    def _broker(self) -> Process:
        broker = self._process(BROKER_PROCESS, valkey.command(data_dir=self._valkey_dir))
        broker.is_ready = lambda: valkey.answers(data_dir=self._valkey_dir)
        return broker

    def _simulator(self) -> Process:
        command = commands.simulator(
            port=self.ports.simulator,
            state=self.state.root / "simulator.sqlite",
            seed=self._seed,
            webhook_base=self.base_url,
            webhook_secrets=simulated.webhook_secrets(self.environment()),
        )
        simulator = self._process(SIMULATOR_PROCESS, command)
        simulator.is_ready = lambda: answers.http_at(port=self.ports.simulator)
        return simulator

    def _application(self) -> list[Process]:
        """Return the processes that run Tally's own code."""
        web_command = commands.web(
            host=commands.HOST,
            port=self.ports.web,
            workers=self._web_workers,
            threads=WEB_THREADS,
            application=self._web_application,
        )
        web = self._process(WEB_PROCESS, web_command)
        web.is_ready = lambda: answers.http_at(port=self.ports.web)
        worker = self._process(WORKER_PROCESS, commands.worker(concurrency=WORKER_CONCURRENCY))
        worker.is_ready = lambda: answers.worker_at(broker_url=self.broker_url)
        # Celery's soft shutdown: it gives back what does not finish in time, instead of waiting.
        worker.stop_signal = signal.SIGQUIT
        beat = self._process(BEAT_PROCESS, commands.beat(schedule=self.state.root / "beat-schedule"))
        return [web, worker, beat, self._process(RELAY_PROCESS, commands.relay())]

    def _launch(self, process: Process) -> None:
        if process.name not in self._without:
            process.start()
            self.processes[process.name] = process

    def _run_once(self, name: str, command: list[str], **environment: str) -> None:
        process = self._process(name, command, **environment)
        process.start()
        try:
            process.wait_until_done(cancelled=self._cancelled)
        finally:
            process.kill9()

    def _process(self, name: str, command: list[str], **environment: str) -> Process:
        """Return a process that has not started, with a new log."""
        log_path = self.state.logs / f"{name}.log"
        log_path.unlink(missing_ok=True)
        inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
        # `migrate` has just checked what Celery would check again at each start.
        own = {"PGAPPNAME": f"tally-{name}", "PYTHONUNBUFFERED": "1", "CELERY_SKIP_CHECKS": "1"}
        return Process(
            name=name,
            command=commands.local(command),
            environment={**inherited, **own, **self.environment(), **self._of_process.get(name, {}), **environment},
            log_path=log_path,
            record=self._record,
        )

    @property
    def _valkey_dir(self) -> Path:
        return self.state.root / "valkey"

    def _announce(self) -> None:
        self.state.announce(
            RunningStack(
                pid=os.getpid(),
                started=psutil.Process().create_time(),
                base_url=self.base_url,
                simulator_url=self.simulator_url,
                owner_url=self.database_url,
                environment=self.environment(),
            )
        )
