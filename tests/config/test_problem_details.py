"""What refusals look like over HTTP, whatever refuses."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from config.problem_details import exception_handler
from exactly_once import errors
from payments.errors import BadSignature, PaymentDeclined
from tests.api import Api, everything, problem

pytestmark = pytest.mark.django_db

SESSIONS = "/api/v1/checkout-sessions"
CART = {"currency": "EUR", "line_items": [{"sku": "TEA-100", "quantity": 1}]}
WEBHOOK = "/webhooks/stripe/main"


@pytest.fixture
def api() -> Api:
    return Api("checkout")


def document(code: str, status: int, detail: str, **extra: object) -> dict[str, object]:
    title = code.replace("_", " ").capitalize()
    return {"type": f"/docs/errors#{code}", "title": title, "status": status, "detail": detail, "code": code, **extra}


def handled(error: Exception) -> tuple[Mapping[str, Any], Response]:
    response = exception_handler(error, {})
    assert response.content_type == "application/problem+json"
    assert isinstance(response.data, dict)
    assert response.data["status"] == response.status_code
    return response.data, response


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.InvalidInput, 400),
        (BadSignature, 400),
        (PaymentDeclined, 402),
        (errors.NotFound, 404),
        (errors.Refused, 409),
        (errors.TryLater, 409),
        (errors.Unprocessable, 422),
    ],
)
def test_each_kind_of_refusal_has_its_status(kind: type[errors.TallyError], status: int) -> None:
    body, _ = handled(kind(code="some_code", detail="Because.", extra={"skus": ["TEA-100"]}))

    assert body == document("some_code", status, "Because.", skus=["TEA-100"])


def test_who_is_to_try_later_is_told_when() -> None:
    _, response = handled(errors.TryLater(code="busy", detail="Busy.", retry_after_seconds=7))

    assert response["Retry-After"] == "7"


def test_fields_of_the_domain_and_of_serializers_look_alike() -> None:
    # Given
    words = {"code": "unknown_sku", "detail": "None such."}
    domain = errors.InvalidInput(
        code="invalid_input",
        detail="The request breaks a rule; see errors.",
        fields=(errors.FieldError("/line_items/1/sku", **words),),
    )
    rule = exceptions.ErrorDetail(words["detail"], code=words["code"])
    serializer = exceptions.ValidationError({"line_items": [{}, {"sku": [rule]}]})
    # Then
    assert handled(domain)[0] == handled(serializer)[0]
    assert handled(domain)[0]["errors"] == [{"pointer": "/line_items/1/sku", **words}]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404("of Django"), 404, "not_found"),
        (PermissionDenied("of Django"), 403, "forbidden"),
        (exceptions.Throttled(wait=2.5), 429, "rate_limited"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
    ],
)
def test_what_the_frameworks_raise_has_codes_too(error: Exception, status: int, code: str) -> None:
    body, _ = handled(error)

    assert (body["status"], body["code"]) == (status, code)


def test_who_is_throttled_is_told_a_whole_number_of_seconds() -> None:
    _, response = handled(exceptions.Throttled(wait=2.5))

    assert response["Retry-After"] == "3"


def test_what_nobody_foresaw_says_nothing_of_itself() -> None:
    body, _ = handled(RuntimeError("password=hunter2"))

    assert body == document("internal_error", 500, "Something went wrong on our side. Try again later.")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_required"),
        ("", "idempotency_key_malformed"),
        ('"', "idempotency_key_malformed"),
        ("two words", "idempotency_key_malformed"),
        ("clé", "idempotency_key_malformed"),
        ("x" * 256, "idempotency_key_malformed"),
    ],
)
def test_a_cart_without_a_usable_key_is_refused(api: Api, key: str | None, code: str) -> None:
    # Given
    before = everything()
    # When
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = api.request("POST", SESSIONS, CART, **headers)
    # Then
    assert (answer.status_code, problem(answer)["code"]) == (400, code)
    assert everything() == before


@pytest.mark.parametrize("body", [b"{", b'{"a": 1, "a": 1}', b'{"a": NaN}', b"\xff"])
def test_a_body_that_is_no_json_is_refused(api: Api, body: bytes) -> None:
    # Given
    before = everything()
    # When
    answer = api.post(SESSIONS, body)
    # Then
    assert (answer.status_code, problem(answer)["code"]) == (400, "malformed_json")
    assert everything() == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "nonsense"]
)
def test_a_body_of_another_type_is_refused(api: Api, content_type: str) -> None:
    # Given
    before = everything()
    # When
    answer = api.post(SESSIONS, json.dumps(CART).encode(), **{"Content-Type": content_type})
    # Then
    detail = f'Unsupported media type "{content_type}" in request.'
    assert problem(answer) == document("unsupported_media_type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    assert everything() == before


@pytest.mark.parametrize(("path", "limit_bytes"), [(SESSIONS, 1024 * 1024), (WEBHOOK, 256 * 1024)])
def test_a_body_over_the_limit_is_refused(api: Api, path: str, limit_bytes: int) -> None:
    # Given
    before = everything()
    # When
    longest, too_long = api.post(path, b" " * limit_bytes), api.post(path, b" " * (limit_bytes + 1))
    # Then
    assert longest.status_code == 400  # blanks are neither JSON nor signed, but were looked at
    assert problem(too_long) == document("body_too_large", 413, f"A body has at most {limit_bytes} bytes here.")
    assert everything() == before


@pytest.mark.parametrize(
    ("signature", "code"),
    [({}, "signature_invalid"), ({"Stripe-Signature": "t=1,v1=00"}, "signature_invalid")],
)
def test_a_webhook_that_is_not_signed_stores_nothing(api: Api, signature: dict[str, str], code: str) -> None:
    # Given
    before = everything()
    # When
    answer = api.request("POST", WEBHOOK, {"id": "evt_1"}, **signature)
    # Then
    detail = "The Stripe-Signature header does not fit these bytes."
    assert problem(answer) == document("signature_invalid", 400, detail)
    assert everything() == before


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("products/prod_none", "product_not_found"),
        ("orders/ord_none", "order_not_found"),
        ("checkout-sessions/chk_none", "checkout_session_not_found"),
    ],
)
def test_what_is_not_there_is_named(api: Api, path: str, code: str) -> None:
    answer = api.get(f"/api/v1/{path}")

    assert (answer.status_code, problem(answer)["code"]) == (404, code)


@pytest.mark.parametrize(
    "query",
    [
        *("cursor=garbage", "cursor=cD1hYmM=", "cursor=cD0lMDA%3D", "cursor=cD0tMQ%3D%3D", "cursor=" + "cD05" * 5_000),
        *(
            "limit=0",
            "limit=-1",
            "limit=101",
            "limit=abc",
            "limit=",
            "limit=1.5",
            "limit=%C2%B2",
            "limit=" + "9" * 5_000,
        ),
    ],
)
def test_a_page_that_nobody_offered_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"/api/v1/products?{query}")

    assert (answer.status_code, problem(answer)["code"]) == (400, f"{query.partition('=')[0]}_invalid")


def test_another_method_is_refused_and_the_allowed_ones_are_named(api: Api) -> None:
    answer = api.request("PUT", SESSIONS, CART)

    assert problem(answer) == document("method_not_allowed", 405, 'Method "PUT" not allowed.')
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_whoever_rules_json_out_gets_nothing_else(api: Api) -> None:
    answer = api.get("/api/v1/products", Accept="text/html")

    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")
