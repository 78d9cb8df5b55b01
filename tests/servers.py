"""A pytest plugin, loaded before pytest-django: gives the tests their own embedded PostgreSQL.

Where DATABASE_URL is set, that server is used. The stack of real processes is in tests/stack.py.
"""

import atexit
import os
from contextlib import ExitStack
from pathlib import Path

from config.services.joining import joined
from config.services.postgres import OWNER_ROLE, Cluster

STATE_DIR = Path(__file__).resolve().parent.parent / ".tally" / "test"

# The tests kill processes, never the machine: flushing to disk would prove nothing here.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

if "DATABASE_URL" not in os.environ:
    _cluster = Cluster(STATE_DIR / "postgres", STATE_DIR / "logs" / "postgres.log", FAST)
    _held = ExitStack()
    _held.enter_context(joined(_cluster))
    atexit.register(_held.close)
    os.environ["DATABASE_URL"] = _cluster.url(role=OWNER_ROLE, database="postgres")
os.environ.setdefault("TALLY_ENVIRONMENT", "test")
# A crowd of threads is to meet in the database, not at the pool's door.
os.environ.setdefault("DATABASE_POOL_SIZE", "60")
