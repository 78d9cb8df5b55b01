"""A model of the ledger in plain Python, written from what the design promises, not from the SQL that keeps it.

It keeps every transaction and sums anew for each question: slow, short, and hard to get wrong. An operation returns
"posted" or "replayed", or raises `ModelRefusal` with every reason that there is: the ledger has to name one of them.
Not here: stripes' rows, running balances, seals and whatever else `verify` proves from the entries alone.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledger.drafts import EntryDraft, HoldTerms, TransactionDraft
from ledger.money import Money

type Name = tuple[str, str]  # account code, currency
type Line = tuple[Name, str]  # account, direction


class ModelRefusal(Exception):
    """The books do not take it, for any of these reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = frozenset(reasons)


@dataclass(frozen=True)
class ModelSums:
    """What an account holds, in minor units."""

    debits: int
    credits: int
    pending_debits: int
    pending_credits: int
    available: int


@dataclass
class ModelAccount:
    normal_side: str
    floor: int | None = None
    ceiling: int | None = None
    stripes: int = 1
    closed: bool = False


@dataclass
class ModelTransaction:
    contents: object  # what was asked for: the same again is a replay
    entries: Sequence[EntryDraft]
    dated_at: datetime
    effective_at: datetime
    hold: HoldTerms | None = None
    ended: bool = False
    whole: bool = False  # of a settlement: it posted all that was left
    used: Counter[Line] = field(default_factory=Counter)

    def lines(self, status: str) -> Counter[Line]:
        return sums([entry for entry in self.entries if entry.status == status])

    def left(self, status: str) -> Counter[Line]:
        return +(self.lines(status) - self.used)


def sums(entries: Sequence[EntryDraft]) -> Counter[Line]:
    """Return what the entries come to per account and side."""
    found: Counter[Line] = Counter()
    for entry in entries:
        found[(entry.account, entry.money.currency), entry.direction] += entry.money.amount_minor
    return found


class ModelBooks:
    """One book."""

    def __init__(self) -> None:
        self.accounts: dict[Name, ModelAccount] = {}
        self.transactions: dict[str, ModelTransaction] = {}
        self.open_from: datetime | None = None

    def sums(self, name: Name) -> ModelSums:
        """Return an account's sums, from its entries."""
        counts: Counter[tuple[str, str]] = Counter()
        for transaction in self.transactions.values():
            for entry in transaction.entries:
                if (entry.account, entry.money.currency) == name:
                    sign = -1 if entry.status == "released" else 1
                    status = "posted" if entry.status == "posted" else "pending"
                    counts[entry.direction, status] += sign * entry.money.amount_minor
        account = self.accounts[name]
        inward = account.normal_side
        outward = "credit" if inward == "debit" else "debit"
        available = counts[inward, "posted"] - counts[outward, "posted"] - counts[outward, "pending"]
        return ModelSums(
            debits=counts["debit", "posted"],
            credits=counts["credit", "posted"],
            pending_debits=counts["debit", "pending"],
            pending_credits=counts["credit", "pending"],
            available=available - (account.floor or 0),
        )

    def post(self, draft: TransactionDraft) -> str:
        """Post a transaction that acts on no other."""
        contents = replace(draft, move_late=True)
        if (known := self.transactions.get(draft.reference)) is not None:
            if known.contents != contents:
                raise ModelRefusal("reference_conflict")
            return "replayed"
        hold = draft.link if isinstance(draft.link, HoldTerms) else None
        at = draft.effective_at
        transaction = self._dated(ModelTransaction(contents, draft.entries, at, at, hold))
        late = [] if draft.move_late or transaction.effective_at == at else ["period_closed"]
        return self._enter(draft.reference, transaction, late)

    def post_all(self, drafts: Sequence[TransactionDraft]) -> list[str]:
        """Post all or none."""
        tried = deepcopy(self)
        outcomes = tried.post_each(drafts)
        refused = [reasons for reasons in outcomes if not isinstance(reasons, str)]
        if refused:
            # Which of several is named first is open; and what is refused may conflict with the rest, or pass limits.
            more = ["limit_exceeded"] if len(drafts) > 1 else []
            if len({draft.reference for draft in drafts}) < len(drafts):
                more.append("reference_conflict")
            raise ModelRefusal(*frozenset().union(*refused), *more)
        self.__dict__ = tried.__dict__
        return [str(outcome) for outcome in outcomes]

    def post_each(self, drafts: Sequence[TransactionDraft]) -> list[str | frozenset[str]]:
        """Post what can be posted, one by one; where it is refused, return the reasons."""
        return [self.tried(lambda draft=draft: self.post(draft)) for draft in drafts]  # type: ignore[misc]

    @staticmethod
    def tried(act: Callable[[], str]) -> str | frozenset[str]:
        """Return the outcome, or the reasons of the refusal."""
        try:
            return act()
        except ModelRefusal as refusal:
            return refusal.reasons

    def settle(
        self, hold: str, reference: str, entries: Sequence[EntryDraft] | None, *, keep: bool, at: datetime
    ) -> str:
        """Post what a hold promised, or a part; the rest is released, or stays."""
        asked = None if entries is None else sums(entries)
        contents = ("settle", hold, keep)
        if (known := self.transactions.get(reference)) is not None:
            same = known.whole if asked is None else known.lines("posted") == asked
            return self._replay(known, contents, same=same)
        target = self._hold(hold)
        left = target.left("pending")
        posted = left if asked is None else asked
        reasons = ["hold_expired"] if _is_due(target, at) else []
        if posted - left:
            reasons.append("remainder_exceeded")
        released = posted if keep else left
        lines = [*_drafts(posted, "posted"), *_drafts(released, "released")]
        transaction = self._dated(ModelTransaction(contents, lines, at, at, whole=posted == left))
        outcome = self._enter(reference, transaction, reasons)
        target.used.update(released)
        target.ended = not target.left("pending")
        return outcome

    def release(self, action: str, hold: str, reference: str, *, at: datetime) -> str:
        """Void or expire a hold."""
        contents = (action, hold)
        if (known := self.transactions.get(reference)) is not None:
            return self._replay(known, contents)
        target = self._hold(hold)
        reasons = ["hold_not_due"] if action == "expire" and not _is_due(target, at) else []
        left = target.left("pending")
        transaction = self._dated(ModelTransaction(contents, _drafts(left, "released"), at, at))
        outcome = self._enter(reference, transaction, reasons)
        target.used.update(left)
        target.ended = True
        return outcome

    def reverse(self, reversed_: str, reference: str, entries: Sequence[EntryDraft] | None, *, at: datetime) -> str:
        """Take a posted transaction back, in full or in part."""
        contents = ("reverse", reversed_, None if entries is None else sums(entries))
        if (known := self.transactions.get(reference)) is not None:
            return self._replay(known, contents)
        if (target := self.transactions.get(reversed_)) is None:
            raise ModelRefusal("transaction_not_found")
        lines = target.lines("posted")
        taken = lines if entries is None else sums(entries)
        if not lines and entries is None:
            raise ModelRefusal("nothing_left")
        reasons = ["remainder_exceeded"] if taken - target.left("posted") else []
        if reasons and entries is None:
            reasons.append("nothing_left")
        flipped = Counter({(name, _other(side)): amount for (name, side), amount in taken.items()})
        transaction = self._dated(ModelTransaction(contents, _drafts(flipped, "posted"), at, at))
        outcome = self._enter(reference, transaction, reasons)
        target.used.update(taken)
        return outcome

    def close_account(self, name: Name) -> None:
        """Take no more entries, unless something is pending."""
        found = self._account(name)
        held = self.sums(name)
        if held.pending_debits or held.pending_credits:
            raise ModelRefusal("amounts_pending")
        found.closed = True

    def close_period(self, open_from: datetime) -> None:
        """Take nothing that counts for an earlier moment."""
        self.open_from = max(open_from, self.open_from or open_from)

    def set_limits(self, name: Name, floor: int | None, ceiling: int | None) -> None:
        """Bound an account that has one stripe and is within the bounds."""
        found = self._account(name)
        changed = replace(found, floor=floor, ceiling=ceiling)
        reasons = ["limit_exceeded"] if self._is_past(name, changed) else []
        if found.stripes > 1 and (floor is not None or ceiling is not None):
            reasons.append("stripes_without_limits")
        if reasons:
            raise ModelRefusal(*reasons)
        self.accounts[name] = changed

    def raise_stripes(self, name: Name, stripes: int) -> None:
        """Stripe an account without bounds further."""
        found = self._account(name)
        if stripes < found.stripes:
            raise ModelRefusal("stripes_only_raised")
        if stripes > 1 and (found.floor is not None or found.ceiling is not None):
            raise ModelRefusal("stripes_without_limits")
        found.stripes = stripes

    def _replay(self, known: ModelTransaction, contents: object, *, same: bool = True) -> str:
        if known.contents != contents or not same:
            raise ModelRefusal("reference_conflict")
        return "replayed"

    def _enter(self, reference: str, transaction: ModelTransaction, reasons: Sequence[str]) -> str:
        """Keep the transaction, unless there is a reason against it."""
        names = {(entry.account, entry.money.currency) for entry in transaction.entries}
        found = [*reasons, *(self._objection(name) for name in names)]
        self.transactions[reference] = transaction
        found += ["limit_exceeded" for name in names & set(self.accounts) if self._is_past(name, self.accounts[name])]
        if any(found):
            del self.transactions[reference]
            raise ModelRefusal(*filter(None, found))
        return "posted"

    def _objection(self, name: Name) -> str | None:
        if name in self.accounts:
            return "account_closed" if self.accounts[name].closed else None
        return "wrong_currency" if any(code == name[0] for code, _ in self.accounts) else "unknown_account"

    def _is_past(self, name: Name, account: ModelAccount) -> bool:
        """Whether the account would be past a bound if all that is pending left, or came."""
        held = self.sums(name)
        net = held.debits - held.credits
        least, most = net - held.pending_credits, net + held.pending_debits
        if account.normal_side == "credit":
            least, most = -most, -least
        return (account.floor is not None and least < account.floor) or (
            account.ceiling is not None and most > account.ceiling
        )

    def _dated(self, transaction: ModelTransaction) -> ModelTransaction:
        transaction.effective_at = max(transaction.dated_at, self.open_from or transaction.dated_at)
        return transaction

    def _account(self, name: Name) -> ModelAccount:
        if name not in self.accounts:
            raise ModelRefusal("account_not_found")
        return self.accounts[name]

    def _hold(self, reference: str) -> ModelTransaction:
        if (found := self.transactions.get(reference)) is None:
            raise ModelRefusal("transaction_not_found")
        if found.hold is None:
            raise ModelRefusal("not_a_hold")
        if found.ended:
            raise ModelRefusal("hold_ended")
        return found


def _is_due(hold: ModelTransaction, at: datetime) -> bool:
    assert hold.hold is not None
    return hold.hold.expires_at is not None and hold.hold.expires_at <= at


def _other(side: str) -> str:
    return "credit" if side == "debit" else "debit"


def _drafts(lines: Counter[Line], status: str) -> list[EntryDraft]:
    return [EntryDraft(name[0], side, Money(amount, name[1]), status) for (name, side), amount in lines.items()]  # type: ignore[arg-type]
