"""No card number gets in by the API, and none is logged or stored on the way."""

import json
import logging
from urllib.parse import quote

import pytest
from django.test import Client

from config.logs import redact
from tests.api import Api, everything, problem

pytestmark = pytest.mark.django_db(transaction=True)

CARD = "4242424242424242"
CART = {"currency": "EUR", "line_items": [{"sku": "MUG", "quantity": 1}], "buyer": {"email": "a@example.com"}}
BOOK = "ledger/books/shop"
POSTING = {"reference": "r", "kind": "k", "entries": [], "metadata": {"note": CARD}}


@pytest.mark.parametrize(
    ("scope", "path", "body", "pointer"),
    [
        ("checkout", "checkout-sessions", {**CART, "buyer": {"email": "a@example.com", "name": CARD}}, "/buyer/name"),
        ("checkout", "checkout-sessions", {**CART, "card": {"number": "4242 4242 4242 4242"}}, "/card/number"),
        ("checkout", "checkout-sessions/chk_1/complete", {"payment": {"token": CARD}}, "/payment/token"),
        ("checkout", "checkout-sessions", {**CART, CARD: 1}, ""),
        ("ledger:write", "ledger/books/shop/transactions", POSTING, "/metadata/note"),
        (
            "ledger:write",
            "ledger/books/shop/transactions/batch",
            {"transactions": [POSTING]},
            "/transactions/0/metadata/note",
        ),
        ("webhooks", "webhook-endpoints", {"url": f"https://shop.example/?n={CARD}"}, "/url"),
    ],
)
def test_a_body_with_one_is_refused_by_the_fields_name(
    scope: str, path: str, body: object, pointer: str, caplog: pytest.LogCaptureFixture
) -> None:
    # Given
    api = Api(scope)
    before = everything()
    # When
    with caplog.at_level(logging.DEBUG):
        answer = api.post(f"/api/v1/{path}", body)
    # Then
    refused = problem(answer)
    assert (answer.status_code, refused["code"]) == (400, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [(pointer, "card_number")]
    assert everything() == before
    assert CARD not in answer.content.decode() + caplog.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/api/v1/orders/{CARD}", {}),
        (f"/api/v1/orders?cursor={CARD}", {}),
        (f"/api/v1/orders?cursor={quote('4242 4242 4242 4242')}", {}),
        ("/api/v1/orders", {"Idempotency-Key": CARD}),
        ("/api/v1/orders", {"X-Request-ID": CARD}),
        (f"/shop/?q={CARD}", {}),
    ],
)
def test_an_address_or_a_header_with_one_is_refused_and_not_logged(
    path: str, headers: dict[str, str], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.get(path, headers=headers)

    assert answer.status_code == 400
    assert json.loads(answer.content)["code"] == "card_number_refused"
    assert CARD not in answer.content.decode() + str(answer.headers) + caplog.text


def test_the_log_is_the_last_net() -> None:
    assert redact(None, "info", {"event": f"paid with {CARD}"}) == {"event": "paid with [redacted]"}
