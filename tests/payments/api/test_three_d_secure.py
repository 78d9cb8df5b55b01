"""The way to the bank and back: the client sends its buyer there, gets them back, and reads how it went."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client
from django_subatomic.db import transaction

from ledger.accounts import open_book
from payments.models import Attempt, PaymentIntent
from tests.api import Api, problem
from tests.factories import NOW
from tests.payments.api.test_intents import ADDRESS, assert_in_order, confirm, create, told
from tests.psp import Psp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]

ASKED = "pm_card_authenticationRequired"
SHOP = "https://shop.example/thanks?lang=en"


@pytest.fixture
def api() -> Api:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return Api("payments")


def come_back(intent: dict[str, Any], psp: Psp, answer: str) -> HttpResponse:
    """Answer the bank as the buyer, and come back as Stripe sends browsers back."""
    psp.answer_three_d_secure(intent["next_action"]["url"], answer)
    path = f"/returns/stripe/main/{Attempt.objects.latest('pk').uuid}?redirect_status=whatever"
    back = Client(headers={"host": "localhost"}).get(path)
    assert isinstance(back, HttpResponse)
    return back


@pytest.mark.parametrize(
    ("answer", "state", "captured"), [("approve", "succeeded", 1290), ("fail", "requires_payment_method", 0)]
)
def test_a_buyer_who_is_back_at_the_shop_can_be_told_how_it_went(
    api: Api, psp: Psp, answer: str, state: str, captured: int
) -> None:
    # Given
    intent = told(confirm(api, create(api, ASKED, return_url=SHOP)))
    assert (intent["state"], intent["return_url"]) == ("requires_action", SHOP)
    # When
    back = come_back(intent, psp, answer)
    # Then the browser goes on to where the client wants it, which reads the intent
    address = urlsplit(back["Location"])
    assert (back.status_code, f"{address.scheme}://{address.netloc}{address.path}") == (303, SHOP.partition("?")[0])
    assert parse_qs(address.query) == {"lang": ["en"], "reference": [intent["id"]]}
    after = told(api.get(f"{ADDRESS}/{intent['id']}"))
    assert (after["state"], after["captured_minor"], after["next_action"]) == (state, captured, None)
    assert_in_order()


def test_after_a_no_another_card_may_be_tried(api: Api, psp: Psp) -> None:
    intent = told(confirm(api, create(api, ASKED, return_url=SHOP)))
    come_back(intent, psp, "fail")
    assert told(confirm(api, intent["id"], {"payment": {"token": "pm_card_visa"}}))["state"] == "succeeded"
    assert sorted(Attempt.objects.values_list("state", flat=True)) == ["captured", "declined"]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "shop.example",
        "ftp://shop.example",
        "",
        "https://shop.example/100%",
        "https://shop.example/<b>",
        "https://shop.example/#a#b",
    ],
)
def test_a_browser_is_only_sent_on_to_a_page(api: Api, address: str) -> None:
    answer = api.post(ADDRESS, {"amount_minor": 1290, "currency": "EUR", "return_url": address})
    assert answer.status_code == 400
    assert [error["pointer"] for error in problem(answer)["errors"]] == ["/return_url"]
    assert PaymentIntent.objects.count() == 0
