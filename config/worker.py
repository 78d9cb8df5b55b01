"""The Celery application as a worker process runs it: ``celery --app config.worker worker``."""

import os

# A worker's process does one task at a time and so needs one connection, which it keeps (CELERY_DB_REUSE_MAX). A pool
# Celery would tear down and build again around every single task.
os.environ.setdefault("DATABASE_POOL_SIZE", "0")
# The checks have run when the database was migrated; here they would double the time to start.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

from config.celery import app
from config.worker_connections import leave_what_is_not_at_rest

__all__ = ["app", "leave_what_is_not_at_rest"]
