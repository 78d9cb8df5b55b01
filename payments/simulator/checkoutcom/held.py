"""What Checkout.com holds for the account: rows of financial actions, some of parts of a cent, until it is paid out."""

from decimal import ROUND_FLOOR, Decimal
from typing import Any

from aiohttp import web

from payments.simulator.checkoutcom import objects
from payments.simulator.checkoutcom.account import HELD_IN, ROW, CheckoutComAccount
from payments.simulator.store import Document

# What the account pays for being served: for each authorisation, and of what is captured.
AUTHORIZATION_COSTS = Decimal("0.08")
OF_CAPTURES = Decimal("0.0095")
EIGHT_PLACES = Decimal("0.00000001")
_PLACES = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}  # the others that we know have two

type Rows = list[Document]


class Held:
    """The account's balance, row by row."""

    def __init__(self, account: CheckoutComAccount) -> None:
        self._account = account
        self._store = account.store

    def routes(self) -> list[web.RouteDef]:
        """Return the address that tests steer it by."""
        return [web.post("/_simulator/checkoutcom/held", self.command)]

    async def command(self, request: web.Request) -> web.Response:
        """Have a ``currency`` held in another one (``held_in``, at a ``rate``); answer with what is held."""
        told = await request.json()
        with self._store.transaction():
            if "held_in" in told:
                rule = {"id": f"held_{told['currency']}", "in": told["held_in"], "rate": told["rate"]}
                self._store.remove(HELD_IN, rule["id"])
                self._store.add(rule, HELD_IN)
        return web.json_response({currency: str(self.available(currency)) for currency in self.currencies()})

    def authorized(self, payment: Document, action: Document) -> None:
        """Charge for an authorisation, whatever came of it."""
        self._fee(payment, action, "Authorization", "Authorization Fixed Fee", AUTHORIZATION_COSTS)

    def captured(self, payment: Document, action: Document) -> None:
        """Add what was captured, less what that costs."""
        part = "" if action["amount"] == payment["balances"]["total_authorized"] else "Partial "
        amount = _major(action["amount"], payment["currency"])
        self._add(payment, action, f"{part}Capture", f"{part}Capture", amount)
        self._fee(payment, action, f"{part}Capture", "Premium Variable Fee", amount * OF_CAPTURES)

    def refunded(self, payment: Document, action: Document) -> None:
        """Take what was refunded off."""
        self._add(payment, action, "Refund", "Refund", -_major(action["amount"], payment["currency"]))

    def came_back(self, payment: Document, action: Document) -> None:
        """Add a refund that nobody took."""
        amount = _major(action["amount"], payment["currency"])
        self._add(payment, action, "Clearing Failed", "Clearing Failed", amount)

    def disputed(self, payment: Document, amount_minor: int, how: str) -> None:
        """Take off what a buyer's bank took; of a negative amount: add what it gave back."""
        action = {"id": objects.new_id("act"), "reference": payment["reference"]}
        amount = -_major(amount_minor, payment["currency"])
        self._add(payment, action, "Chargeback", f"Chargeback ({how})", amount)

    def currencies(self) -> list[str]:
        """Return the currencies that something is held in."""
        return sorted({row["told"]["Holding Currency"] for row in self._store.all(ROW)})

    def unpaid(self, currency: str) -> Rows:
        """Return the rows that no payout has taken along."""
        return [
            row
            for row in self._store.all(ROW)
            if row["told"]["Holding Currency"] == currency and not row["told"]["Payout ID"]
        ]

    def available(self, currency: str) -> Decimal:
        """Return what can be paid out: all there is, rounded down."""
        total = sum(Decimal(row["told"]["Holding Currency Amount"]) for row in self.unpaid(currency))
        return Decimal(total).quantize(Decimal(1).scaleb(-_PLACES.get(currency, 2)), ROUND_FLOOR)

    def _fee(self, payment: Document, action: Document, kind: str, name: str, amount: Decimal) -> None:
        self._add(payment, action, kind, name, -amount)

    def _add(self, payment: Document, action: Document, kind: str, breakdown: str, amount: Decimal) -> None:
        rule: dict[str, Any] = self._store.get(HELD_IN, f"held_{payment['currency']}") or {}
        rate = rule.get("rate", "")
        moment = self._account.moment().replace("T", " ").removesuffix("Z")
        told = {
            "Client Entity ID": "ent_simulated",
            "Action Type": kind,
            "Action ID": action["id"],
            "Payment ID": payment["id"],
            "Requested On": moment,
            "Processed On": moment,
            "Processing Currency": payment["currency"],
            "FX Rate Applied": rate,
            "Holding Currency": rule.get("in", payment["currency"]),
            "Payout ID": "",
            "Reference": action["reference"] or payment["reference"] or "",
            "Payment Method": "Visa",
            "Breakdown Type": breakdown,
            "Processing Currency Amount": _written(amount),
            "Holding Currency Amount": _written(amount * Decimal(rate or 1)),
        }
        self._store.add({"id": objects.new_id("row"), "told": told}, ROW)


def _major(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-_PLACES.get(currency, 2))


def _written(amount: Decimal) -> str:
    """Return an amount with up to eight decimals."""
    return f"{amount.quantize(EIGHT_PLACES).normalize():f}"
