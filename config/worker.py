"""The Celery application as a worker process runs it: ``celery --app config.worker worker``."""

import os

# A worker's process does one task at a time and so needs one connection. Celery closes it between tasks, which a lost
# database survives; a pool it would tear down and build again around every single task.
os.environ.setdefault("DATABASE_POOL_SIZE", "0")
# The checks have run when the database was migrated; here they would double the time to start.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from config.celery import app

__all__ = ["app"]
