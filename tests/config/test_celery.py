import time

import pytest
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from config.celery import app

BROKER_DOWN = "redis+socket:///nowhere/valkey.sock"


def test_a_message_comes_back_only_after_its_task_must_have_ended() -> None:
    visibility_timeout = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    psp_call = settings.PSP_CONNECT_TIMEOUT_SECONDS + settings.PSP_READ_TIMEOUT_SECONDS

    assert psp_call < app.conf.task_soft_time_limit < app.conf.task_time_limit < visibility_timeout
    assert psp_call < settings.IDEMPOTENCY_LEASE_SECONDS


def test_a_message_is_acknowledged_after_its_task_and_none_is_hoarded() -> None:
    assert app.conf.task_acks_late is True
    assert app.conf.task_reject_on_worker_lost is True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_soft_shutdown_timeout > 0
    assert app.conf.task_ignore_result is True


def test_the_web_processes_send_their_messages_through_this_application() -> None:
    assert current_app.main == app.main == "tally"


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()

    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert entry["task"] in app.tasks, name


def test_a_broker_that_is_away_is_noticed_at_once() -> None:
    began = time.monotonic()

    with app.connection_for_write(url=BROKER_DOWN) as connection, pytest.raises(OperationalError):
        app.send_task("exactly_once.tasks.nothing", connection=connection)

    assert time.monotonic() - began < 2
