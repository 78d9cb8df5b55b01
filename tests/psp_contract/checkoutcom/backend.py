"""Checkout.com's adapter, and the server that speaks its protocol."""

import httpx

from payments.psp.checkoutcom import CheckoutComAdapter
from tests.processes import SECRETS, simulator
from tests.psp_contract.checkoutcom.replies import payment
from tests.psp_contract.pairs import Abilities, Psp, Server, answer_simulated_bank, send_simulated_webhooks


def adapter_at(url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "", **more: str) -> CheckoutComAdapter:
    """Return our adapter for the account at a server."""
    return CheckoutComAdapter(
        secret_key="sk_sbox_contract",
        webhook_secret=SECRETS["checkoutcom"],
        api_base=url,
        connect_timeout_seconds=1.0,
        read_timeout_seconds=read_timeout_seconds,
        return_url=return_url,
        **more,
    )


def at_simulator(url: str, *, read_timeout_seconds: float = 5.0, return_url: str = "") -> CheckoutComAdapter:
    """Return our adapter for the account at the simulator, which has other PSPs' addresses beside Checkout.com's."""
    return adapter_at(f"{url}/checkoutcom", read_timeout_seconds=read_timeout_seconds, return_url=return_url)


def pay_out(url: str) -> None:
    """Have the simulator pay out what it holds in EUR, if that is anything."""
    httpx.post(f"{url}/_simulator/checkoutcom/payouts", json={"currency": "EUR"})


CHECKOUTCOM = Psp("checkoutcom", adapter_at, good_card="src_visa", approval=payment())
SIMULATOR = Server(
    psp=Psp("checkoutcom", at_simulator, good_card="src_visa", approval=payment()),
    program=simulator,
    can=Abilities(
        takes_at_once=False,
        captures_in_parts=True,
        lets_go_of_open_questions=False,
        knows_what_is_not_there=False,
    ),
    declined=lambda _: "src_visa_decline_20051",
    asked_first=lambda _: "src_3ds",
    answer_bank=answer_simulated_bank,
    send_webhooks=send_simulated_webhooks,
    pay_out=pay_out,
)
