"""The servers that the contract is held against, and what each can do. What one cannot do is data: nothing is left out
unseen, and a test states what happens instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from payments.psp.stripe import StripeAdapter
from tests.processes import Program, localstripe, simulator

WEBHOOK_SECRET = "whsec_test"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What Stripe does, and a stand-in may not."""

    names_decline_reasons: bool = True  # decline_code
    names_declined_payments: bool = True  # error.payment_intent
    explains_refusals: bool = True  # payment_intent_unexpected_state and how the payment stands
    remembers_keys: bool = True  # Idempotency-Key
    searches: bool = True
    reports_captured_part: bool = True  # amount_received
    gives_the_banks_address: bool = True  # next_action.redirect_to_url
    refuses_too_large_refunds: bool = True
    refuses_to_capture_what_is_canceled: bool = True
    tells_of_refunds: bool = True  # refund.* events


@dataclass(frozen=True, slots=True)
class Server:
    """How to run a server, and how its buyers and their banks behave."""

    program: Callable[[Path], Program]
    can: Abilities
    declined: Callable[[str], str]  # return a token, given the server's address
    asked_first: Callable[[str], str]
    answer_bank: Callable[[str, str, bool], None]  # address, payment, yes or no
    send_webhooks: Callable[[str, str], None]  # address, endpoint


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


def _simulated_answer(url: str, payment: str, approves: bool) -> None:
    answer = {"answer": "approve" if approves else "fail"}
    httpx.post(f"{url}/3ds/{payment}", data=answer).raise_for_status()


def _simulated_webhooks(url: str, endpoint: str) -> None:
    httpx.post(f"{url}/_simulator/webhooks", json={"mode": "live", "url": endpoint}).raise_for_status()


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


def _localstripe_answer(url: str, payment: str, approves: bool) -> None:
    with _as_anybody(url) as http:
        secret = http.get(f"/v1/payment_intents/{payment}").raise_for_status().json()["client_secret"]
        told = {"client_secret": secret, "success": str(approves).lower()}
        http.post(f"/v1/payment_intents/{payment}/_authenticate", data=told).raise_for_status()


def _localstripe_webhooks(url: str, endpoint: str) -> None:
    told = {"url": endpoint, "secret": WEBHOOK_SECRET}
    httpx.post(f"{url}/_config/webhooks/ours", data=told).raise_for_status()


SERVERS = {
    "simulator": Server(
        program=lambda directory: simulator(directory, webhook_secret=WEBHOOK_SECRET),
        can=Abilities(),
        declined=lambda _: "pm_card_chargeDeclinedInsufficientFunds",
        asked_first=lambda _: "pm_card_authenticationRequired",
        answer_bank=_simulated_answer,
        send_webhooks=_simulated_webhooks,
    ),
    # Seen in localstripe 1.15.10.
    "localstripe": Server(
        program=localstripe,
        can=Abilities(
            names_decline_reasons=False,
            names_declined_payments=False,
            explains_refusals=False,
            remembers_keys=False,
            searches=False,
            reports_captured_part=False,
            gives_the_banks_address=False,
            refuses_too_large_refunds=False,
            refuses_to_capture_what_is_canceled=False,
            tells_of_refunds=False,
        ),
        declined=_card("4000000000000341"),
        asked_first=_card("4000002500003155"),
        answer_bank=_localstripe_answer,
        send_webhooks=_localstripe_webhooks,
    ),
}
