"""The ledger and its model do the same random things, and have to agree after each of them."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from django_subatomic.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from exactly_once.errors import TallyError
from ledger import journal, queries, resolve
from ledger.accounts import AccountSpec, close_account, ensure_accounts, open_book, raise_stripes, set_limits
from ledger.close_period import close_period
from ledger.drafts import EntryDraft, HoldTerms, TransactionDraft, credit, debit
from ledger.journal import PostedTransaction, RefusedTransaction
from ledger.models import Transaction
from ledger.money import Money
from ledger.preview import preview
from ledger.seal import seal
from ledger.verify import checks
from tests.ledger.attack import effort, seed
from tests.ledger.model_books import ModelAccount, ModelBooks, ModelRefusal, ModelSums, Name
from tests.tables import empty_tables

BOOK = "model"
NOW = datetime.now(tz=UTC).replace(microsecond=0)
DAY = timedelta(days=1)

SPECS = [
    AccountSpec("assets:bank", "EUR", "asset", "debit"),
    AccountSpec("assets:bank", "USD", "asset", "debit"),
    AccountSpec("liabilities:wallet", "EUR", "liability", "credit", 0),
    AccountSpec("liabilities:wallet", "USD", "liability", "credit"),
    AccountSpec("revenue:sales", "EUR", "revenue", "credit"),
    AccountSpec("expenses:fees", "EUR", "expense", "debit", None, 40),
]
NAMES = [(spec.code, spec.currency) for spec in SPECS]

codes = st.sampled_from([*(spec.code for spec in SPECS for _ in range(3)), "assets:nowhere"])
currencies = st.sampled_from(["EUR"] * 5 + ["USD"])
amounts = st.integers(1, 30)
moves = st.lists(st.tuples(codes, codes, amounts, currencies), min_size=1, max_size=3)
names = st.sampled_from([*NAMES * 2, ("assets:nowhere", "EUR")])
picks = st.integers(0, 1_000)
expiries = st.sampled_from([None, None, NOW - DAY, NOW + DAY])
dates = st.sampled_from([NOW - 20 * DAY, NOW - 10 * DAY, NOW, NOW + DAY])


@st.composite
def drafts(draw: st.DrawFn) -> TransactionDraft:
    """Draw a transaction or a hold; its reference may be known."""
    pending = draw(st.booleans())
    lines = [
        side(code, Money(amount, currency), "pending" if pending else "posted")
        for into, out_of, amount, currency in draw(moves)
        for side, code in ((debit, into), (credit, out_of))
    ]
    return TransactionDraft(
        f"t{draw(st.integers(0, 40))}",
        draw(st.sampled_from(["test", "other"])) if draw(picks) % 10 == 0 else "test",
        tuple(lines),
        draw(dates),
        link=HoldTerms(draw(expiries)) if pending else None,
        move_late=draw(picks) % 5 > 0,
    )


class Books(RuleBasedStateMachine):
    """Each rule tells both what to do, and compares what they say."""

    model: ModelBooks

    @initialize()
    def open(self) -> None:
        empty_tables()
        with transaction():
            open_book(code=BOOK, name="Model", now=NOW)
            ensure_accounts(book=BOOK, accounts=SPECS)
        self.model = ModelBooks()
        self.model.accounts = {
            (spec.code, spec.currency): ModelAccount(spec.normal_side, spec.floor_minor, spec.ceiling_minor)
            for spec in SPECS
        }
        self.turn = 0

    @rule(draft=drafts())
    def post(self, draft: TransactionDraft) -> None:
        self.both(lambda: self.model.post(draft), lambda: journal.post(book=BOOK, drafts=draft)[0])

    @rule(pick=picks)
    def post_again(self, pick: int) -> None:
        drafts = [known.contents for known in self.model.transactions.values()]
        again = [draft for draft in drafts if isinstance(draft, TransactionDraft)]
        if again:
            self.post(again[pick % len(again)])

    @rule(batch=st.lists(drafts(), min_size=1, max_size=6), dry=st.booleans())
    def post_all(self, batch: Sequence[TransactionDraft], dry: bool) -> None:
        if dry:
            before = self.model
            self.model = ModelBooks()
            self.model.__dict__ |= before.__dict__
            self.both(lambda: self.model.post_all(batch), lambda: self.preview(batch), opens=False)
            self.model = before
        else:
            self.both(lambda: self.model.post_all(batch), lambda: journal.post(book=BOOK, drafts=batch))

    @rule(batch=st.lists(drafts(), min_size=1, max_size=6))
    def post_each(self, batch: Sequence[TransactionDraft]) -> None:
        with transaction():
            found = journal.post_each(book=BOOK, drafts=batch)
        for result, expected in zip(found, self.model.post_each(batch), strict=True):
            self.agree(batch, expected, outcome(result))

    @rule(pick=picks, part=st.none() | st.integers(1, 12), keep=st.booleans(), swap=picks, known=picks)
    def settle(self, pick: int, part: int | None, keep: bool, swap: int, known: int) -> None:
        target, reference = self.target(pick, hold=True), self.reference(known)
        entries = self.part(target, part, "pending", swap)
        self.both(
            lambda: self.model.settle(target, reference, entries, keep=keep, at=NOW),
            lambda: resolve.settle(
                book=BOOK, hold=target, reference=reference, effective_at=NOW, entries=entries, keep_rest=keep
            ),
        )

    @rule(pick=picks, expire=st.booleans(), known=picks)
    def release(self, pick: int, expire: bool, known: int) -> None:
        target, reference = self.target(pick, hold=True), self.reference(known)
        act = resolve.expire if expire else resolve.void
        self.both(
            lambda: self.model.release("expire" if expire else "void", target, reference, at=NOW),
            lambda: act(book=BOOK, hold=target, reference=reference, effective_at=NOW),
        )

    @rule(pick=picks, part=st.none() | st.integers(1, 12), swap=picks, known=picks)
    def reverse(self, pick: int, part: int | None, swap: int, known: int) -> None:
        target, reference = self.target(pick, hold=False), self.reference(known)
        entries = self.part(target, part, "posted", swap)
        self.both(
            lambda: self.model.reverse(target, reference, entries, at=NOW),
            lambda: resolve.reverse(book=BOOK, target=target, reference=reference, effective_at=NOW, entries=entries),
        )

    @rule(name=names, pick=picks)
    def close_account(self, name: Name, pick: int) -> None:
        if pick % 8 == 0:  # or there would soon be none
            self.both(
                lambda: self.model.close_account(name),
                lambda: close_account(book=BOOK, code=name[0], currency=name[1], now=NOW),
            )

    @rule(at=dates, pick=picks)
    def close_period(self, at: datetime, pick: int) -> None:
        if pick % 4 == 0:
            close_period(book=BOOK, open_from=at)
            self.model.close_period(at)

    @rule(name=names, floor=st.none() | st.integers(-60, 20), ceiling=st.none() | st.integers(-20, 90))
    def set_limits(self, name: Name, floor: int | None, ceiling: int | None) -> None:
        self.both(
            lambda: self.model.set_limits(name, floor, ceiling),
            lambda: set_limits(book=BOOK, code=name[0], currency=name[1], floor_minor=floor, ceiling_minor=ceiling),
        )

    @rule(name=names, stripes=st.integers(1, 4))
    def raise_stripes(self, name: Name, stripes: int) -> None:
        self.both(
            lambda: self.model.raise_stripes(name, stripes),
            lambda: raise_stripes(book=BOOK, code=name[0], currency=name[1], stripes=stripes),
        )

    @rule()
    def seal(self) -> None:
        seal()

    @invariant()
    def balances_agree(self) -> None:
        found = {
            (row.code, row.currency): ModelSums(
                row.debits_minor,
                row.credits_minor,
                row.pending_debits_minor,
                row.pending_credits_minor,
                row.available.amount_minor,
            )
            for row in map(queries.balance_of, queries.accounts(book=BOOK))
        }
        assert found == {name: self.model.sums(name) for name in NAMES}

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        kept = Transaction.objects.values_list("reference", "effective_at", "late__dated_at")
        assert {reference: (at, late) for reference, at, late in kept} == {
            reference: (row.effective_at, None if row.dated_at == row.effective_at else row.dated_at)
            for reference, row in self.model.transactions.items()
        }
        seal()
        assert [check for check in checks(now=NOW) if not check.passed] == []

    def both(self, modelled: Callable[[], object], real: Callable[[], object], *, opens: bool = True) -> None:
        """Do it in both; have them agree."""
        try:
            expected = modelled()
        except ModelRefusal as refusal:
            expected = refusal.reasons
        opened = transaction if opens else nullcontext
        try:
            with opened():
                found = outcome(real())
        except TallyError as refusal:
            found = refusal.code
        self.agree(None, expected, found)

    def agree(self, about: object, expected: object, found: object) -> None:
        agreed = found in expected if isinstance(expected, frozenset) else found == expected
        assert agreed, f"the model says {expected}, the ledger {found} {about or ''}"

    def preview(self, batch: Sequence[TransactionDraft]) -> object:
        shown = preview(book=BOOK, drafts=batch)
        for row in shown.balances:
            sums = self.model.sums((row.code, row.currency))
            assert (row.debits_minor, row.credits_minor) == (sums.debits, sums.credits)
        return shown.results

    def target(self, pick: int, *, hold: bool) -> str:
        """Return what to act on: mostly what may be."""
        likely = [name for name, row in self.model.transactions.items() if (row.hold is not None) == hold]
        everything = [*self.model.transactions, "t-nowhere"]
        return likely[pick % len(likely)] if likely and pick % 10 else everything[pick % len(everything)]

    def reference(self, known: int) -> str:
        """Return a new reference, or now and then one that is known."""
        self.turn += 1
        everything = list(self.model.transactions)
        return everything[known % len(everything)] if everything and known % 8 == 0 else f"a{self.turn}"

    def part(self, target: str, part: int | None, status: str, swap: int) -> list[EntryDraft] | None:
        """Return a part of the target's entries, in twelfths of all of them; now and then on the wrong side."""
        found = self.model.transactions.get(target)
        if part is None or found is None:
            return None
        lines = [entry for entry in found.entries if entry.status == status]
        pairs = zip(lines[::2], lines[1::2], strict=False)
        entries = []
        for one, other in pairs:
            money = Money(max(1, one.money.amount_minor * part // 6), one.money.currency)
            into, out_of = (other, one) if swap % 20 == 0 else (one, other)
            entries += [debit(into.account, money), credit(out_of.account, money)]
        return entries or None


def outcome(result: object) -> object:
    """Return "posted", "replayed" or the refusal's code; a list of them; None where there is nothing to say."""
    if isinstance(result, PostedTransaction):
        return "replayed" if result.replayed else "posted"
    if isinstance(result, RefusedTransaction):
        return result.refusal.code
    return [outcome(row) for row in result] if isinstance(result, list) else None


@pytest.mark.django_db(transaction=True)
def test_the_ledger_does_what_its_model_does() -> None:
    machine = with_seed(seed(20261123))(Books)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=effort(8, 800),
            stateful_step_count=effort(30, 60),
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
