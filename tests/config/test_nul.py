"""Addresses with a NUL, which PostgreSQL cannot look up."""

import pytest
from django.test import Client

from tests.api import Api, problem

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path",
    [
        "products/%00",
        "checkout-sessions/chk_%00",
        "orders?cursor=%00",
        "ledger/accounts/%00/balance",
        "ledger/books/%00/trial-balance",
        "ledger/accounts?book=shop%00",
    ],
)
def test_an_api_address_with_a_nul_is_refused(path: str) -> None:
    answer = Api("checkout", "ledger:read").get(f"/api/v1/{path}")

    assert (answer.status_code, problem(answer)["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/admin/login/?next=%00", "/%00", "/webhooks/stripe/%00"])
def test_any_other_address_with_a_nul_is_refused(client: Client, path: str) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("path", ["/api/v1/products/a%2500", "/api/v1/products/chk%2Fx", "/api/v1/products/%ff"])
def test_what_no_id_can_be_is_not_found(path: str) -> None:
    assert Api("checkout").get(path).status_code == 404
