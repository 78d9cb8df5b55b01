import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from config import logs
from config.logs import REDACTED, formatter, redact

API_KEY = "sk_live_51H8abcdefghijklmnop"


def _event(**values: Any) -> dict[str, Any]:
    return dict(redact(None, "info", values))


@pytest.fixture
def production_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The lines that the root logger writes in production."""
    monkeypatch.setenv("TALLY_ENVIRONMENT", "production")
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lines
    root.removeHandler(handler)


@pytest.mark.parametrize(
    "name",
    ["password", "STRIPE_API_KEY", "webhook_secret", "card_number", "cvc", "request_body", "raw_headers", "auth_token"],
)
def test_a_field_that_may_hold_a_secret_is_not_logged(name: str) -> None:
    assert _event(event="payment.captured", **{name: "4242"}) == {"event": "payment.captured", name: REDACTED}


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        (f"no such key: {API_KEY}", f"no such key: {REDACTED}"),
        ("whsec_0123456789abcdef is wrong", f"{REDACTED} is wrong"),
        ("postgresql://tally_web:hunter2@db/tally", f"postgresql://{REDACTED}@db/tally"),
        ("redis://:hunter2@valkey:6379/0", f"redis://{REDACTED}@valkey:6379/0"),
        ("http://127.0.0.1:8000/shop", "http://127.0.0.1:8000/shop"),
    ],
)
def test_a_secret_inside_a_text_is_not_logged(text: str, logged: str) -> None:
    assert _event(event=text, detail=text) == {"event": logged, "detail": logged}


def test_ids_and_amounts_are_logged_as_they_are() -> None:
    event = {"event": "payment.captured", "intent": "pi_0123456789abcdef", "amount_minor": 1234, "currency": "EUR"}

    assert _event(**event) == event


def test_production_logs_one_json_object_per_line(production_log: io.StringIO) -> None:
    structlog.get_logger("payments.capture").info("payment.captured", intent="pi_1", amount_minor=1234)

    [line] = production_log.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "payment.captured",
        "level": "info",
        "logger": "payments.capture",
        "intent": "pi_1",
        "amount_minor": 1234,
    }


def test_the_log_of_a_library_is_json_too(production_log: io.StringIO) -> None:
    logging.getLogger("celery.worker").warning("lost %s of %d", API_KEY, 3)

    entry = json.loads(production_log.getvalue())
    assert (entry["event"], entry["level"], entry["logger"]) == (f"lost {REDACTED} of 3", "warning", "celery.worker")


def test_a_traceback_is_logged_without_the_values_of_its_variables(production_log: io.StringIO) -> None:
    card_number = "".join(["4242"] * 4)
    try:
        raise ValueError(f"refused {API_KEY}")
    except ValueError:
        structlog.get_logger("t").exception("payment.failed")

    entry = json.loads(production_log.getvalue())
    assert entry["exception"].endswith(f"ValueError: refused {REDACTED}")
    assert "Traceback" in entry["exception"]
    assert card_number not in production_log.getvalue()


def _broken(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError("out of order")


urlpatterns = [path("broken/", _broken)]


@override_settings(ROOT_URLCONF=__name__)
def test_a_request_is_logged_by_its_path_without_query_and_body(production_log: io.StringIO) -> None:
    Client().post("/nowhere/?client_token=hunter2", {"card": "4242424242424242"})

    [entry] = [json.loads(line) for line in production_log.getvalue().splitlines()]
    assert entry["event"] == "request_finished"
    assert entry["request"] == "POST /nowhere/"
    assert entry["code"] == 404
    assert entry["request_id"]
    assert "4242" not in production_log.getvalue()
    assert "hunter2" not in production_log.getvalue()


@override_settings(ROOT_URLCONF=__name__)
def test_an_error_in_a_view_is_logged_with_its_traceback(production_log: io.StringIO) -> None:
    Client(raise_request_exception=False).get("/broken/")

    entries = [json.loads(line) for line in production_log.getvalue().splitlines()]
    assert [entry for entry in entries if "RuntimeError: out of order" in entry.get("exception", "")]


def test_the_psps_sdks_cannot_log_what_they_send() -> None:
    loggers = logs.logging_config(level="DEBUG")["loggers"]
    levels = {name: loggers[name]["level"] for name in ("stripe", "checkout_sdk", "urllib3")}
    assert levels == {"stripe": "WARNING", "checkout_sdk": "CRITICAL", "urllib3": "INFO"}
