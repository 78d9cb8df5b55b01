"""The demo shop for people. Its pages buy through the public API, as a shop developer's would."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

# What the payment provider's test tokens do: (token, name, what happens).
TEST_CARDS = (
    ("pm_card_visa", "Visa", "is charged"),
    ("pm_card_chargeDeclined", "Declined", "the bank says no"),
    ("pm_card_chargeDeclinedInsufficientFunds", "Insufficient funds", "the bank says why"),
    ("pm_card_authenticationRequired", "3-D Secure", "the bank asks you first"),
    ("pm_tally_dropReply", "PSP's reply is lost", "charged, but the shop does not hear of it"),
)
# Where the sample shop sends; California takes its taxes on top of the prices.
COUNTRIES = (
    ("DE", "Germany"),
    ("AT", "Austria"),
    ("FR", "France"),
    ("NL", "Netherlands"),
    ("US", "United States"),
)


@require_safe
def catalog(request: HttpRequest) -> HttpResponse:
    """Show what is for sale."""
    return _page(request, "catalog")


@require_safe
def cart(request: HttpRequest) -> HttpResponse:
    """Show what the visitor has put together."""
    return _page(request, "cart")


@require_safe
def checkout(request: HttpRequest) -> HttpResponse:
    """Ask where it goes and how it is paid."""
    return _page(request, "checkout", cards=TEST_CARDS, countries=COUNTRIES)


@require_safe
def order(request: HttpRequest, session_id: str) -> HttpResponse:
    """Show how a checkout session stands, and the order that it has become."""
    return _page(request, "order", session_id=session_id)


def _page(request: HttpRequest, name: str, **more: Any) -> HttpResponse:
    """Show a page with the key and the currency that its script buys with."""
    told = {
        "api_key": settings.SHOP_API_KEY,
        "currency": settings.SHOP_CURRENCY,
        "script": f"shop/{name}.js",
        "api": {what: reverse(what) for what in ("products", "carts", "orders")}
        | {"sessions": reverse("checkout-sessions")},
    }
    answer = render(request, f"shop/{name}.html", told | more)
    # The page holds a key: no proxy and no shared browser keeps it.
    answer["Cache-Control"] = "no-store"
    return answer
