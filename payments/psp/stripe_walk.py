"""The way through all of an account's balance transactions at Stripe. Pure: what to ask, and what the answer means."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from payments.psp.settlement import SettlementPage
from payments.psp.stripe_balance import settlement_line

type Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Walk:
    """Where we are among an account's balance transactions; as text it is the cursor.

    Stripe lists the newest first and does not say by which payout they go out. So: once from the newest back to where
    we begin; then, each time, forward to what is new; then through each automatic payout on the way, by the list that
    Stripe keeps of it.

    :param since: epoch seconds; nothing before is read.
    :param newest: the newest one that was seen.
    :param back: on the way back: the oldest one that was seen.
    :param payouts: those whose lists are to be read, and ``reached``: how far the first one's is.
    """

    since: int
    newest: str = ""
    back: str = ""
    payouts: tuple[str, ...] = ()
    reached: str = ""
    in_payouts: bool = False

    @classmethod
    def read(cls, cursor: str) -> "Walk":
        """Return the walk that a cursor is the text of."""
        told = json.loads(cursor)
        return cls(**{**told, "payouts": tuple(told["payouts"])})

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def asks_for(self, *, limit: int) -> dict[str, Any]:
        """Return the parameters of the next request."""
        wanted: dict[str, Any] = {"limit": limit, "expand": ["data.source"]}
        if self.in_payouts:
            return {**wanted, "payout": self.payouts[0], **({"starting_after": self.reached} if self.reached else {})}
        if self.newest and not self.back:
            return {**wanted, "ending_before": self.newest}
        wanted["created"] = {"gte": self.since}
        return {**wanted, "starting_after": self.back} if self.back else wanted

    def page(self, answer: Object) -> SettlementPage:
        """Return what a page of Stripe's list says, and where the walk goes on."""
        transactions, has_more = answer["data"], answer["has_more"]
        payout = self.payouts[0] if self.in_payouts else ""
        lines = tuple(settlement_line(each, payout_reference=payout) for each in transactions)
        if self.in_payouts:
            walk, more = self._through_payout(transactions, has_more=has_more)
        else:
            walk, more = self._through_time(transactions, has_more=has_more)
        return SettlementPage(lines, str(walk), more)

    def _through_time(self, transactions: list[Object], *, has_more: bool) -> tuple["Walk", bool]:
        walk = replace(self, payouts=tuple(dict.fromkeys((*self.payouts, *_automatic_payouts(transactions)))))
        if transactions:
            forward = self.newest and not self.back
            newest = transactions[0]["id"] if forward or not self.newest else self.newest
            walk = replace(walk, newest=newest, back="" if forward or not has_more else transactions[-1]["id"])
        else:
            walk = replace(walk, back="")
        begin = not has_more and bool(walk.payouts)
        return replace(walk, in_payouts=begin), has_more or begin

    def _through_payout(self, transactions: list[Object], *, has_more: bool) -> tuple["Walk", bool]:
        if any(_is_in_progress(each, self.payouts[0]) for each in transactions):
            # Stripe still adds to it: another time, and whoever else waits first.
            return replace(self, payouts=(*self.payouts[1:], self.payouts[0]), reached="", in_payouts=False), False
        if has_more:
            return replace(self, reached=transactions[-1]["id"]), True
        rest = self.payouts[1:]
        return replace(self, payouts=rest, reached="", in_payouts=bool(rest)), bool(rest)


def _automatic_payouts(transactions: list[Object]) -> list[str]:
    """Return the payouts that Stripe keeps lists of, the oldest first."""
    sources = [each["source"] for each in reversed(transactions) if each["type"] == "payout"]
    return [source["id"] for source in sources if source.get("automatic")]


def _is_in_progress(transaction: Object, payout: str) -> bool:
    source = transaction["source"]
    is_it = transaction["type"] == "payout" and source["id"] == payout
    return bool(is_it and source.get("reconciliation_status") == "in_progress")
