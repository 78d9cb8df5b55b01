"""What Stripe owes the account: a balance transaction for whatever moves it, with fees and, if told so, converted."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from aiohttp import web

from payments.simulator.store import Document
from payments.simulator.stripe import objects
from payments.simulator.stripe.account import StripeAccount
from payments.simulator.stripe.errors import missing
from payments.simulator.stripe.params import integer

MOST_LISTED = 100
BASIS_POINTS, FIXED = 140, 25  # what a charge costs, unless a test wants it otherwise
_DECIMALS = {"jpy": 0, "krw": 0, "kwd": 3, "bhd": 3}  # the others that we know have two


class Balance:
    """The account's balance, by currency."""

    def __init__(self, account: StripeAccount) -> None:
        self._account = account
        self._store = account.store

    def routes(self) -> list[web.RouteDef]:
        """Return the address that tests steer it by."""
        return [web.post("/_simulator/stripe/balance", self.command)]

    async def command(self, request: web.Request) -> web.Response:
        """Have a ``currency`` settle in another one (``settles_in``, ``rate``); charge ``basis_points``, ``fixed``.

        ``adjust`` moves an amount of a currency by itself: a ``type`` (stripe_fee) and a ``reason``. Answer with
        what is available, by currency.
        """
        told = await request.json()
        with self._store.transaction():
            if "settles_in" in told:
                self._write(
                    {"id": f"settles_{told['currency']}", "in": told["settles_in"], "rate": told["rate"]}, "settles"
                )
            if "basis_points" in told:
                self._write({"id": "terms", "basis_points": told["basis_points"], "fixed": told["fixed"]}, "terms")
            if "adjust" in told:
                self._add(told["type"], told["adjust"], 0, told["currency"], None, description=told.get("reason"))
        return web.json_response({currency: self.available(currency) for currency in self._currencies()})

    def charged(self, charge: Document, amount: int) -> str:
        """Add what was captured, less what that costs; return the transaction's id."""
        settled, currency, rate = self._settle(amount, charge["currency"])
        terms = self._store.get("terms", "terms") or {"basis_points": BASIS_POINTS, "fixed": FIXED}
        fee = _rounded(Decimal(settled) * terms["basis_points"] / 10_000) + terms["fixed"]
        return str(self._add("charge", settled, fee, currency, charge["id"], rate=rate)["id"])

    def refunded(self, refund: Document, *, failed: bool) -> str:
        """Take a refund off, or add one that came back; return the transaction's id."""
        settled, currency, rate = self._settle(refund["amount"] if failed else -refund["amount"], refund["currency"])
        kind = "refund_failure" if failed else "refund"
        return str(self._add(kind, settled, 0, currency, refund["id"], rate=rate)["id"])

    def disputed(self, dispute: Document, *, fee: int, returned: bool) -> Document:
        """Take what a bank took off, with a fee, or add what it gave back; return the transaction."""
        amount = dispute["amount"] if returned else -dispute["amount"]
        settled, currency, rate = self._settle(amount, dispute["currency"])
        return self._add("adjustment", settled, fee, currency, dispute["id"], rate=rate)

    def paid_out(self, payout: Document) -> None:
        """Take a payout off. All that is available goes out by an automatic one, and says so."""
        made = self._add("payout", -payout["amount"], 0, payout["currency"], payout["id"])
        if payout["automatic"]:
            gone = [each for each in self._open(payout["currency"]) if each["type"] != "payout"]
            for each in [*gone, made]:
                self._store.put({**each, "paid_out_by": payout["id"]})

    def returned(self, payout: Document) -> None:
        """Add a payout that did not arrive."""
        kind = "payout_cancel" if payout["status"] == "canceled" else "payout_failure"
        self._add(kind, payout["amount"], 0, payout["currency"], payout["id"])

    def available(self, currency: str) -> int:
        """Return what can be paid out, in minor units."""
        return sum(each["net"] for each in self._open(currency))

    def listed(self, request: web.Request) -> Document:
        """GET /v1/balance_transactions."""
        told = request.query
        found = [
            each
            for each in self._store.all("balance_transaction")[::-1]
            if each["created"] >= int(told.get("created[gte]", 0))
            and told.get("payout") in (None, each["paid_out_by"])
            and told.get("type") in (None, each["type"])
        ]
        limit = min(integer({"limit": "10", **told}, "limit"), MOST_LISTED)
        if (newer_than := told.get("ending_before")) is not None:
            newer = found[: _place(found, newer_than)]
            page, has_more = newer[-limit:], len(newer) > limit
        else:
            last = told.get("starting_after")
            rest = found if last is None else found[_place(found, last) + 1 :]
            page, has_more = rest[:limit], len(rest) > limit
        return objects.list_of([_shown(each) for each in page], request.path, has_more=has_more)

    def _settle(self, amount: int, currency: str) -> tuple[int, str, str | None]:
        """Return the amount in the currency that it settles in, and at which rate."""
        terms = self._store.get("settles", f"settles_{currency}")
        if terms is None:
            return amount, currency, None
        shift = _DECIMALS.get(terms["in"], 2) - _DECIMALS.get(currency, 2)
        return _rounded((Decimal(amount) * Decimal(terms["rate"])).scaleb(shift)), terms["in"], terms["rate"]

    def _add(self, kind: str, amount: int, fee: int, currency: str, source: str | None, **told: Any) -> Document:
        rate = told.get("rate")
        made = {
            "id": objects.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": self._account.now(),
            "created": self._account.now(),
            "currency": currency,
            "description": told.get("description"),
            "exchange_rate": None if rate is None else float(rate),
            "fee": fee,
            "net": amount - fee,
            "paid_out_by": None,
            "source": source,
            "status": "available",
            "type": kind,
        }
        self._store.add(made)
        return made

    def _open(self, currency: str) -> list[Document]:
        """Return what no automatic payout has taken out yet; of others Stripe keeps no lists."""
        found = self._store.all("balance_transaction")
        return [each for each in found if each["currency"] == currency and each["paid_out_by"] is None]

    def _currencies(self) -> list[str]:
        return sorted({each["currency"] for each in self._store.all("balance_transaction")})

    def _write(self, document: Document, kind: str) -> None:
        self._store.remove(kind, document["id"])
        self._store.add(document, kind)


def _shown(transaction: Document) -> Document:
    """Return a transaction as Stripe shows it: it does not say by which payout it goes out."""
    return {name: value for name, value in transaction.items() if name != "paid_out_by"}


def _place(found: list[Document], transaction_id: str) -> int:
    for place, each in enumerate(found):
        if each["id"] == transaction_id:
            return place
    raise missing("balance_transaction", transaction_id, "starting_after", status=400)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(rounding=ROUND_HALF_EVEN))
