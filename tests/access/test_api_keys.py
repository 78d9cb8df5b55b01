"""Who may call the API: with which key, and for what."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from config.access.models import SCOPES, ApiKey
from tests.api import Api, everything, problem
from tests.factories import VariantFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SESSIONS = "/api/v1/checkout-sessions"
CART = {"currency": "EUR", "line_items": [{"sku": "TEA-100", "quantity": 1}]}

NOT_SENT = "Authentication credentials were not provided."
NOT_A_KEY = "Send the key as: Authorization: Bearer sk_..."
NOT_VALID = "This API key is unknown, revoked or expired."


@pytest.fixture
def api() -> Api:
    VariantFactory.create(sku="TEA-100")
    return Api("checkout")


def refuse_as_unauthenticated(api: Api, authorization: str, detail: str) -> None:
    # Given
    before = everything()
    # When
    answer = api.post(SESSIONS, CART, Authorization=authorization)
    # Then
    assert problem(answer) == {
        "type": "/docs/errors#unauthenticated",
        "title": "Unauthenticated",
        "status": 401,
        "detail": detail,
        "code": "unauthenticated",
    }
    assert answer["WWW-Authenticate"] == 'Bearer realm="tally"'
    assert everything() == before


@pytest.mark.parametrize(
    ("authorization", "detail"),
    [
        ("", NOT_SENT),
        ("Basic YWRhOnNlY3JldA==", NOT_SENT),
        ("Bearer", NOT_A_KEY),
        ("Bearer two words", NOT_A_KEY),
        ("Bearer sk_unknown", NOT_VALID),
        ("Bearer clé", NOT_VALID),
    ],
)
def test_a_caller_without_a_key_is_refused(api: Api, authorization: str, detail: str) -> None:
    refuse_as_unauthenticated(api, authorization, detail)


@pytest.mark.parametrize("change", [lambda key: key + "x", lambda key: key[:-1], str.swapcase, lambda key: key[:8]])
def test_a_key_that_is_nearly_right_is_refused(api: Api, change: Callable[[str], str]) -> None:
    refuse_as_unauthenticated(api, f"Bearer {change(api.key)}", NOT_VALID)


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_a_key_that_has_ended_is_refused(api: Api, ended: str) -> None:
    # Given
    assert api.get("/api/v1/products").status_code == 200
    ApiKey.objects.filter(pk=api.row.pk).update(**{ended: datetime.now(UTC)})
    # Then
    refuse_as_unauthenticated(api, f"Bearer {api.key}", NOT_VALID)


def test_a_key_in_the_address_opens_nothing(api: Api) -> None:
    answer = api.get(f"/api/v1/products?key={api.key}&Authorization=Bearer%20{api.key}", Authorization="")

    assert answer.status_code == 401


def test_a_key_expires_at_its_moment() -> None:
    key = ApiKey(expires_at=NOW)

    assert key.usable(now=NOW - timedelta(microseconds=1))
    assert not key.usable(now=NOW)


@pytest.mark.parametrize(
    ("scopes", "method", "path", "needed"),
    [
        ((), "GET", "/api/v1/products", "checkout"),
        (("payments", "ledger:read", "ledger:write"), "POST", SESSIONS, "checkout"),
        (("checkout", "payments", "ledger:write"), "GET", "/api/v1/ledger/accounts", "ledger:read"),
    ],
)
def test_a_key_without_the_scope_is_refused_and_told_which(
    api: Api, scopes: tuple[str, ...], method: str, path: str, needed: str
) -> None:
    # Given
    lesser = Api(*scopes)
    before = everything()
    # When
    answer = lesser.request(method, path, CART, **{"Idempotency-Key": "key-1"})
    # Then
    assert problem(answer) == {
        "type": "/docs/errors#scope_missing",
        "title": "Scope missing",
        "status": 403,
        "detail": f"This needs an API key with the scope '{needed}'.",
        "code": "scope_missing",
    }
    assert everything() == before


def test_a_view_that_forgot_its_scope_is_closed(api: Api) -> None:
    class Forgetful(APIView):
        def get(self, _request: Request) -> Response:
            return Response({"secret": 1})

    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {Api(*SCOPES).key}"})
    answer = Forgetful.as_view()(request)

    assert answer.status_code == 403


def test_every_view_of_the_api_names_a_scope_that_exists() -> None:
    scopes = {path: getattr(view, "required_scope", None) for path, view in views(get_resolver(), "")}

    assert scopes
    assert {path for path, scope in scopes.items() if scope not in SCOPES} == set()


def views(resolver: URLResolver, prefix: str) -> list[tuple[str, Any]]:
    """Return address and class of every view below /api/v1/."""
    found: list[tuple[str, Any]] = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += views(pattern, path)
        elif path.startswith("api/v1/"):
            found.append((path, getattr(pattern.callback, "cls", None)))
    return found


@pytest.mark.django_db(transaction=True)
def test_a_clients_keys_share_what_is_the_clients_and_nobody_elses_does(api: Api) -> None:
    # Given
    same, stranger = Api("checkout"), Api("checkout", client="cli_stranger")
    first = api.post(SESSIONS, CART, **{"Idempotency-Key": "key-1"})
    path = f"{SESSIONS}/{json.loads(first.content)['id']}"
    # Then
    assert same.get(path).status_code == 200
    assert same.post(SESSIONS, CART, **{"Idempotency-Key": "key-1"}).content == first.content
    assert problem(stranger.get(path))["code"] == "checkout_session_not_found"
    assert stranger.post(SESSIONS, CART, **{"Idempotency-Key": "key-1"}).content != first.content


def test_a_key_is_kept_as_its_hash_alone() -> None:
    # When
    row, key = ApiKey.issue(name="shop", client="cli_1", scopes=["checkout"], now=NOW)
    # Then
    kept = ApiKey.objects.values().get(pk=row.pk)
    assert key.startswith("sk_")
    assert len(key) == 46
    assert kept["key_hash"] == hashlib.sha256(key.encode()).hexdigest()
    assert kept["prefix"] == key[:8]
    assert key not in str(kept)
    assert key not in f"{row} {row!r}"


def test_two_keys_differ() -> None:
    keys = [ApiKey.issue(name="shop", client="cli_1", scopes=["checkout"], now=NOW)[1] for _ in range(2)]

    assert keys[0] != keys[1]


def test_a_scope_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no such scope: admin; there are checkout, payments, ledger:read"):
        ApiKey.issue(name="shop", client="cli_1", scopes=["checkout", "admin"], now=NOW)

    assert not ApiKey.objects.exists()
