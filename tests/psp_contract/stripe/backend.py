"""Stripe's adapter, and the two servers that speak Stripe's protocol."""

from collections.abc import Callable

import httpx

from payments.psp.outcomes import RequiresAction
from payments.psp.stripe import StripeAdapter
from tests.processes import SECRETS, localstripe, simulator
from tests.psp_contract.pairs import (
    Abilities,
    Psp,
    Server,
    answer_simulated_bank,
    send_simulated_webhooks,
)
from tests.psp_contract.stripe.replies import intent

WEBHOOK_SECRET = SECRETS["stripe"]


def adapter_at(url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "") -> StripeAdapter:
    """Return our adapter for the account at a server."""
    return StripeAdapter(
        api_key="sk_test_contract",
        webhook_secret=WEBHOOK_SECRET,
        api_base=url,
        connect_timeout_seconds=1.0,
        read_timeout_seconds=read_timeout_seconds,
        return_url=return_url,
    )


def _as_anybody(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": "Bearer sk_test_contract"})


def _card(number: str) -> Callable[[str], str]:
    """Return how to make a token for a card at localstripe, which knows few tokens by name."""

    def token(url: str) -> str:
        card = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        told = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        with _as_anybody(url) as http:
            return str(http.post("/v1/payment_methods", data=told).raise_for_status().json()["id"])

    return token


def _localstripe_answer(url: str, question: RequiresAction, approves: bool) -> dict[str, str]:
    payment = question.psp_reference
    with _as_anybody(url) as http:
        secret = http.get(f"/v1/payment_intents/{payment}").raise_for_status().json()["client_secret"]
        told = {"client_secret": secret, "success": str(approves).lower()}
        http.post(f"/v1/payment_intents/{payment}/_authenticate", data=told).raise_for_status()
    return {}


def _localstripe_webhooks(url: str, endpoint: str) -> None:
    told = {"url": endpoint, "secret": WEBHOOK_SECRET}
    httpx.post(f"{url}/_config/webhooks/ours", data=told).raise_for_status()


STRIPE = Psp("stripe", adapter_at, good_card="pm_card_visa", approval=intent())

SIMULATOR = Server(
    psp=STRIPE,
    program=simulator,
    can=Abilities(),
    declined=lambda _: "pm_card_chargeDeclinedInsufficientFunds",
    asked_first=lambda _: "pm_card_authenticationRequired",
    answer_bank=answer_simulated_bank,
    send_webhooks=send_simulated_webhooks,
)

# Seen in localstripe 1.15.10.
LOCALSTRIPE = Server(
    psp=STRIPE,
    program=localstripe,
    can=Abilities(
        names_decline_reasons=False,
        names_declined_payments=False,
        knows_tokens=False,
        explains_refusals=False,
        remembers_keys=False,
        searches=False,
        reports_captured_part=False,
        gives_the_banks_address=False,
        refuses_too_large_refunds=False,
        refuses_to_capture_what_is_canceled=False,
        tells_of_refunds=False,
        settles=False,  # its list takes no `created`
    ),
    declined=_card("4000000000000341"),
    asked_first=_card("4000002500003155"),
    answer_bank=_localstripe_answer,
    send_webhooks=_localstripe_webhooks,
)
