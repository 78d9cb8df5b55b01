"""A worker's connection outlives its tasks, but not the server's session, nor a task that ended in the middle of it."""

from typing import Any

import psycopg
from celery import signals
from django.db import connections
from psycopg.pq import TransactionStatus

from config.connection_check import check_quietly


@signals.task_prerun.connect
def leave_what_is_not_at_rest(**_: Any) -> None:
    """Before a task: leave what is left of a lost server, or of a task that its time limit cut off."""
    for name in list(connections):
        session = connections[name].connection
        if session is not None and not _is_at_rest(session):
            connections[name].close()
            del connections[name]  # with all that Django believes of a transaction that is over


def _is_at_rest(session: psycopg.Connection[Any]) -> bool:
    try:
        check_quietly(session)
    except psycopg.Error:
        return False
    return session.info.transaction_status == TransactionStatus.IDLE
