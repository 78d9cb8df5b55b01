"""The pages for people: what Tally is, and a shop to try it with. The shop buys through the public API."""

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


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to go."""
    return render(request, "pages/start.html")


@require_safe
def shop(request: HttpRequest) -> HttpResponse:
    """Show the shop, with the key and the currency that its script buys with."""
    told = {
        "api_key": settings.SHOP_API_KEY,
        "cards": TEST_CARDS,
        "currency": settings.SHOP_CURRENCY,
        "products_url": reverse("products"),
        "sessions_url": reverse("checkout-sessions"),
    }
    answer = render(request, "pages/shop.html", told)
    # The page holds a key: no proxy and no shared browser keeps it.
    answer["Cache-Control"] = "no-store"
    return answer
