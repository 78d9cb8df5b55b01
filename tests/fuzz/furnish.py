"""A shop that has been lived in: something of every kind, so that every list has a first row to go on from."""

import os
import subprocess
import sys

from config.services.leftovers import BASE_DIR
from config.services.stack import Stack
from tests.shop import Shop, shop_at, wait_for

ACCOUNTS = (("assets:bank", "asset", "debit"), ("liabilities:wallet:42", "liability", "credit"))
CURRENCIES = ("EUR", "USD")
SALE = {"amount_minor": 1290, "currency": "EUR", "payment": {"token": "pm_card_visa"}}


def furnish(stack: Stack, *, merchant_url: str) -> str:
    """Fill the shelves, sell, pay back, dispute and pay out, open what the dictionaries name.

    :param merchant_url: where webhooks go.
    :returns: the API key of another client.
    """
    stranger = program(stack, "-m", "tests.fuzz.shelves")
    with shop_at(stack) as shop:
        _open_book(shop, "attack")
        shop.post("webhook-endpoints", {"url": merchant_url, "event_types": ["*"]})
        assert shop.pay(shop.open_session()).json()["state"] == "completed"
        _pay_back(shop)
        _dispute_and_pay_out(shop)
    return stranger


def program(stack: Stack, *arguments: str) -> str:
    """Run a Python program in the stack's environment; return what it prints."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **stack.environment()}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout, f"exit code {done.returncode}"
    return done.stdout


def _open_book(shop: Shop, book: str) -> None:
    shop.post("ledger/books", {"code": book, "name": book}).raise_for_status()
    for code, kind, side in ACCOUNTS:
        for currency in CURRENCIES:
            account = {"code": code, "currency": currency, "type": kind, "normal_side": side}
            shop.post(f"ledger/books/{book}/accounts", account).raise_for_status()


def _pay_back(shop: Shop) -> None:
    intent = _captured(shop)
    refund = shop.post("refunds", {"payment_intent": intent, "amount_minor": 100}).raise_for_status().json()
    wait_for(lambda: shop.get(f"refunds/{refund['id']}")["state"] == "succeeded", "the refund succeeds")


def _dispute_and_pay_out(shop: Shop) -> None:
    known = {charge["payment"] for charge in _charges(shop)}
    _captured(shop)
    (payment,) = {charge["payment"] for charge in _charges(shop)} - known
    shop.psp.post("/_simulator/stripe/disputes", json={"payment_intent": payment}).raise_for_status()
    shop.psp.post("/_simulator/stripe/payouts", json={"amount": 1000, "currency": "EUR"}).raise_for_status()
    for what in ("disputes", "payouts", "captures", "orders"):
        wait_for(lambda what=what: bool(shop.get(what)["data"]), f"there are {what}")  # type: ignore[misc]  # a default


def _captured(shop: Shop) -> str:
    intent = shop.post("payment-intents", {**SALE, "capture_method": "manual"}).raise_for_status().json()["id"]
    shop.post(f"payment-intents/{intent}/confirm").raise_for_status()
    shop.post(f"payment-intents/{intent}/capture").raise_for_status()
    wait_for(lambda: shop.get(f"payment-intents/{intent}")["captured_minor"] == SALE["amount_minor"], "it is captured")
    return str(intent)


def _charges(shop: Shop) -> list[dict[str, str]]:
    found: list[dict[str, str]] = shop.psp.get("/_simulator/record").raise_for_status().json()["charges"]
    return found
