"""The Celery application. A message is a wake-up call that carries a row id: PostgreSQL holds what is due."""

import logging.config
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tally", task_cls="config.tracing.tasks:TracedTask" if settings.TRACING else None)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect
def log_like_django(**_: Any) -> None:
    """Give worker and beat the log of the web processes. A receiver here also stops Celery from installing its own."""
    logging.config.dictConfig(settings.LOGGING)
