"""What a checkout costs: statements, commits, and the processors' time of each part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from config.bench.checkout.stand import DATABASE, Stand
from config.services.databases import LOGIN_ROLE

CLIENT, POSTGRES = "buyers", "postgres"

# Nobody sends what deferred constraints ask at a commit: of foreign keys as the tables' owner, of totals that add up
# (checkout/models/priced.py, with pgtrigger's own questions) as whoever commits. The owner's other statements are ours,
# who measure.
_STATEMENTS = """
SELECT
    coalesce(sum(s.calls) FILTER (WHERE NOT g.is_guard AND s.userid = %s::regrole), 0)::bigint,
    coalesce(sum(s.calls) FILTER (WHERE g.is_guard), 0)::bigint
FROM pg_stat_statements AS s
INNER JOIN pg_database AS d ON d.oid = s.dbid
CROSS JOIN LATERAL (
    SELECT
        s.query LIKE 'SELECT %% FROM ONLY %% FOR KEY SHARE OF x'
        OR s.query LIKE 'SELECT w.public_id%%'
        OR s.query LIKE 'SELECT %%pgtrigger%%' AS is_guard
) AS g
WHERE d.datname = current_database()
"""
# Of transactions that wrote: read-only ones are commits to pg_stat_database, and flush nothing.
_COMMITS = """
SELECT coalesce(sum(w.count), 0)::bigint
FROM pg_get_wal_stats(%s, pg_current_wal_lsn(), true) AS w
WHERE w."resource_manager/record_type" = 'Transaction/COMMIT'
"""


@dataclass
class Counts:
    """Totals of a run; ``asked_by_guards``: the statements that nobody sent, at commits."""

    statements: int = 0
    asked_by_guards: int = 0
    commits: int = 0
    cpu_seconds: dict[str, float] = field(default_factory=dict)


@contextmanager
def counted(*, stand: Stand) -> Iterator[Counts]:
    """Count until the block ends."""
    counts, ask = Counts(), stand.server.ask
    begun_at = ask("SELECT pg_current_wal_lsn()::text", database=DATABASE)
    stand.server.run("SELECT pg_stat_statements_reset()", database=DATABASE)
    cpu = _cpu_seconds(stand)
    yield counts
    counts.statements, counts.asked_by_guards = stand.server.ask_row(_STATEMENTS, LOGIN_ROLE, database=DATABASE)
    counts.commits = ask(_COMMITS, begun_at, database=DATABASE)
    counts.cpu_seconds = {part: seconds - cpu.get(part, 0.0) for part, seconds in _cpu_seconds(stand).items()}


def _cpu_seconds(stand: Stand) -> dict[str, float]:
    """Return the processors' time that each part has used, with its children."""
    pids: dict[str, int | None] = {name: process.pid for name, process in stand.stack.processes.items()}
    pids |= {CLIENT: os.getpid(), POSTGRES: stand.server.cluster.pid()}
    return {name: _used(psutil.Process(pid), tree=name != CLIENT) for name, pid in pids.items() if pid}


def _used(process: psutil.Process, *, tree: bool) -> float:
    used = 0.0
    for each in [process, *(process.children(recursive=True) if tree else [])]:
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
        # Backends that have ended since live on in their parent's account.
        used += times.children_user + times.children_system if each is process and tree else 0.0
    return used
