"""Adyen's adapter, and the server that speaks Adyen's protocol."""

from typing import Any

from payments.psp.adyen import AdyenAdapter
from tests.processes import SECRETS, simulator
from tests.psp_contract.adyen.replies import payment
from tests.psp_contract.pairs import Abilities, Psp, Server, answer_simulated_bank, send_simulated_webhooks

HMAC_KEY = SECRETS["adyen"]
MERCHANT_ACCOUNT = "TallyTests"
RETURN_URL = "https://pay.example/returns/adyen/main"


def adapter_at(url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "", **options: Any) -> AdyenAdapter:
    """Return our adapter for the merchant account at a server."""
    told = {
        "api_key": "key_contract",
        "merchant_account": MERCHANT_ACCOUNT,
        "hmac_key": HMAC_KEY,
        "several_captures": True,
        **options,
    }
    return AdyenAdapter(
        **told,
        api_base=f"{url}/adyen",
        return_url=return_url or RETURN_URL,
        connect_timeout_seconds=1.0,
        read_timeout_seconds=read_timeout_seconds,
    )


def token(card: str) -> str:
    """Return a token for one of the simulator's cards."""
    return f"shopper-1.{card}"


ADYEN = Psp(
    "adyen",
    adapter_at,
    good_card=token("pays"),
    approval=payment(),
    look_ups=False,
)

SIMULATOR = Server(
    psp=ADYEN,
    program=simulator,
    can=Abilities(
        searches=False,
        captures_in_parts=True,
        explains_refusals=False,
        refuses_at_once=False,
        begins_before_the_buyer_is_back=False,
        settles=False,  # its report is a file
    ),
    declined=lambda _: token("refusedNotEnoughBalance"),
    asked_first=lambda _: token("asksFirst"),
    answer_bank=answer_simulated_bank,
    send_webhooks=send_simulated_webhooks,
)
