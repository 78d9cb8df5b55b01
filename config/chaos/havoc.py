"""What is done to the running stack, one thing after the other, drawn from a seed; and its healing."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable

from config.chaos.proxy import Fault, FaultProxy
from config.services.stack import BEAT_PROCESS, BROKER_PROCESS, RELAY_PROCESS, WEB_PROCESS, WORKER_PROCESS, Stack

# Long enough that some work is done between two blows, short enough that each finds work under way.
CALM_SECONDS = (0.3, 1.5)
# How long something stays dead before it is started again.
DEAD_SECONDS = (0.1, 1.0)
FAULT_SECONDS = (0.5, 2.5)


class Havoc:
    """Kills, stops, wipes and disturbs until it is told to stop.

    ``done`` counts each kind. The seed decides the order; how far the service has come by then is its own matter.
    """

    def __init__(self, *, stack: Stack, proxy: FaultProxy, seed: int) -> None:
        self._stack, self._proxy = stack, proxy
        self._dice = random.Random(seed)  # noqa: S311 - a repeatable play, not a secret
        self.done: Counter[str] = Counter()
        self._blows: list[tuple[str, Callable[[], None]]] = [
            ("web killed (-9)", lambda: self._kill(WEB_PROCESS)),
            ("worker killed (-9)", lambda: self._kill(WORKER_PROCESS)),
            ("relay killed (-9)", lambda: self._kill(RELAY_PROCESS)),
            ("beat killed (-9)", lambda: self._kill(BEAT_PROCESS)),
            ("PostgreSQL stopped (immediate)", self._stop_postgres),
            ("Valkey killed, all messages lost", lambda: self._kill(BROKER_PROCESS)),
            *(
                (f"PSP: {fault}", lambda fault=fault: self._disturb(fault))
                for fault in Fault
                if fault is not Fault.NONE
            ),
        ]

    def run(self, *, until: threading.Event) -> None:
        """Strike until the event is set, each kind once before any comes twice."""
        while not until.is_set():
            for name, strike in self._dice.sample(self._blows, len(self._blows)):
                if until.wait(self._dice.uniform(*CALM_SECONDS)):
                    return
                strike()
                self.done[name] += 1

    def heal(self) -> None:
        """Start whatever does not run, and let the PSP be reached."""
        self._proxy.fault = Fault.NONE
        self._stack.state.cluster.start_if_stopped()
        self._start_the_dead()
        for process in self._stack.processes.values():
            process.wait_until_ready()

    def _kill(self, name: str) -> None:
        process = self._stack.processes[name]
        process.kill9()
        time.sleep(self._dice.uniform(*DEAD_SECONDS))
        process.start()

    def _stop_postgres(self) -> None:
        """Stop it as a power cut would: no checkpoint, every session gone; the start recovers from the log."""
        cluster = self._stack.state.cluster
        cluster.stop_immediately()
        time.sleep(self._dice.uniform(*DEAD_SECONDS))
        cluster.start()
        self._start_the_dead()

    def _start_the_dead(self) -> None:
        """Start the processes that ended by themselves when the database was gone."""
        for process in self._stack.processes.values():
            if process.exit_code is not None:
                process.kill9()
                process.start()

    def _disturb(self, fault: Fault) -> None:
        self._proxy.fault = fault
        time.sleep(self._dice.uniform(*FAULT_SECONDS))
        self._proxy.fault = Fault.NONE
