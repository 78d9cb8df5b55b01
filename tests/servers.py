"""A pytest plugin, loaded before pytest-django: gives the tests their own embedded PostgreSQL.

The whole suite runs in a process for each processor and one more, as they wait now and then. Each has a server of its
own: an open transaction holds up the outbox in every database of its server. Where DATABASE_URL is set, that server is
used, by one process. The stack of real processes is in tests/stack.py.
"""

import atexit
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from config.services.joining import joined
from config.services.postgres import OWNER_ROLE, Cluster

# Which of several processes this is, and whether they have servers of their own. All is told by the first one.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
OWN_SERVERS = "TALLY_TESTS_OWN_SERVERS"
# Set where everything runs, and not what somebody names.
SUITE = "TALLY_TESTS_SUITE"

KEPT_DIR = Path(__file__).resolve().parent.parent / ".tally"
STATE_DIR = KEPT_DIR / "-".join(["test", *filter(None, [WORKER])])

# Where Python may not leave bytecode beside the sources (PYTHONDONTWRITEBYTECODE), each of the many processes that the
# tests start would compile all that it imports anew: three of the four seconds that it takes to start.
if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(KEPT_DIR / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The tests kill processes, never the machine: flushing to disk would prove nothing here.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

if "DATABASE_URL" not in os.environ or OWN_SERVERS in os.environ:
    os.environ[OWN_SERVERS] = "yes"
    _cluster = Cluster(STATE_DIR / "postgres", STATE_DIR / "logs" / "postgres.log", FAST)
    _held = ExitStack()
    _held.enter_context(joined(_cluster))
    atexit.register(_held.close)
    os.environ["DATABASE_URL"] = _cluster.url(role=OWNER_ROLE, database="postgres")
os.environ.setdefault("TALLY_ENVIRONMENT", "test")
# Whom the tests ask speaks no TLS. From a file, each new client would read 150 root certificates, for 20 ms; what is in
# a folder is read when it is needed.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(KEPT_DIR)
# What routing and webhooks are tested with: more than one PSP.
os.environ.setdefault("ADYEN_API_KEY", "key_tests")
os.environ.setdefault("ADYEN_MERCHANT_ACCOUNT", "TallyTests")
os.environ.setdefault("ADYEN_HMAC_KEY", "5a" * 32)
# A crowd of threads is to meet in the database, not at the pool's door.
os.environ.setdefault("DATABASE_POOL_SIZE", "60")


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Spread the suite, where each process can have its own server; run what somebody names right here."""
    if config.args != config.getini("testpaths"):
        return 0
    os.environ[SUITE] = "yes"
    return (os.cpu_count() or 1) + 1 if OWN_SERVERS in os.environ else 0
