"""A pytest plugin, loaded before pytest-django: gives the tests their own embedded PostgreSQL.

Where DATABASE_URL is set, that server is used.
"""

import os
from pathlib import Path

from config.services import postgres

STATE_DIR = Path(__file__).resolve().parent.parent / ".tally" / "test"

# The tests kill processes, never the machine: flushing to disk would prove nothing here.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

if "DATABASE_URL" not in os.environ:
    _server = postgres.start(data_dir=STATE_DIR / "postgres", parameters=FAST)
    os.environ["DATABASE_URL"] = postgres.url(_server, role=postgres.OWNER_ROLE, database="postgres")
os.environ.setdefault("TALLY_ENVIRONMENT", "test")
