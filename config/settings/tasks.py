"""Celery: the broker, the workers' limits, what beat wakes."""

from typing import Any

from config.settings.variables import env
from config.sweeps import SWEEPS

CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL", "redis://localhost:6379/0")
_RABBITMQ = CELERY_BROKER_URL.startswith("amqp")
# A message is acknowledged after its task ended: a killed worker's messages come back.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# A worker takes one message at a time: what it holds back, another could do.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Longer than a PSP call with its time-outs; then the task is killed, and the sweeper finds its row.
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_TASK_TIME_LIMIT = 90
# How long a stopping worker lets its tasks finish before it gives their messages back.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# A new connection for each task would cost more than most tasks do: the server's fork, and each statement planned anew.
CELERY_DB_REUSE_MAX = 1_000  # tasks
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# A wake-up call is a hint: a request never waits for a broker that is away.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum" if _RABBITMQ else "classic"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"confirm_publish": True}
    if _RABBITMQ
    else {
        # Unacknowledged messages return after this time: longer than the longest task, or it would run twice at once.
        "visibility_timeout": 300,
        # Whoever wakes a worker asks a broker that refuses once, and leaves one that hangs.
        "max_retries": 0,
        "socket_connect_timeout": 2,
        "socket_timeout": 3,
        "socket_keepalive": True,
    }
)
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": every, "options": {"expires": 10}} for task, every in SWEEPS.items()
}
