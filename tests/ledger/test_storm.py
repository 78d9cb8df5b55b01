"""Sixteen threads at everything at once, over few accounts. Every caller's answer has to be what the books hold."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

import pytest
from django_subatomic.db import transaction

from exactly_once.retry import retry_on_conflict
from ledger import journal, queries, resolve
from ledger.accounts import AccountSpec, close_account, ensure_accounts, raise_stripes
from ledger.close_period import close_period
from ledger.drafts import EntryDraft, HoldTerms, TransactionDraft, credit, debit
from ledger.errors import LedgerNotFound, PostingRefused
from ledger.journal import PostedTransaction
from ledger.models import Entry, LateTransaction, Transaction
from ledger.seal import seal
from ledger.verify import checks
from tests.concurrency.crowd import everyone
from tests.ledger.attack import effort, seed
from tests.ledger.books import BOOK, CASH, FEES, NOW, SALES, eur, open_test_book, post, sale

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 16
TURNS = effort(12, 400)
WALLET, OLD = "liabilities:wallet", "assets:old"
ACCOUNTS = (CASH, SALES, FEES, WALLET, OLD)
LINE = NOW + timedelta(days=1)

# What the books may answer here. Anything else, and any error, fails the storm.
EXPECTED = {
    "account_closed",
    "amounts_pending",
    "hold_ended",
    "limit_exceeded",
    "nothing_left",
    "remainder_exceeded",
    "transaction_not_found",
}


@retry_on_conflict
def run(act: str, *, draw: random.Random, name: str) -> list[tuple[PostedTransaction, Sequence[EntryDraft]]]:
    """Do one thing in a transaction of its own; return what it was told was posted, with the entries asked for."""
    with transaction():
        if act in {"all", "each"}:
            drafts = [a_draft(draw, f"{name}-{item}") for item in range(draw.randint(1, 12))]
            if draw.random() < 0.5:
                drafts.append(sale(f"shared-{draw.randrange(20)}"))
            draw.shuffle(drafts)
            results = (journal.post if act == "all" else journal.post_each)(book=BOOK, drafts=drafts)
            pairs = zip(results, drafts, strict=True)
            return [(row, draft.entries) for row, draft in pairs if isinstance(row, PostedTransaction)]
        if act == "single":
            draft = a_draft(draw, name)
            return [(journal.post(book=BOOK, drafts=draft)[0], draft.entries)]
        number, amount = draw.randrange(12), eur(draw.randint(1, 9))
        part = [debit(CASH, amount), credit(SALES, amount)]
        if act == "settle":
            keep = draw.random() < 0.8
            return [(settle(name, number, part, keep=keep), part)]
        if act == "void":
            return [(resolve.void(book=BOOK, hold=f"hold-{number}", reference=f"end-{number}", effective_at=NOW), [])]
        assert act == "reverse"
        posted = resolve.reverse(book=BOOK, target=f"sale-{number}", reference=name, effective_at=NOW, entries=part)
        return [(posted, [credit(CASH, amount), debit(SALES, amount)])]


def settle(name: str, number: int, part: Sequence[EntryDraft], *, keep: bool) -> PostedTransaction:
    return resolve.settle(
        book=BOOK, hold=f"hold-{number}", reference=name, effective_at=NOW, entries=part, keep_rest=keep
    )


def a_draft(draw: random.Random, reference: str) -> TransactionDraft:
    """Return a transaction, or a hold, between any of the accounts."""
    status = draw.choice(["posted", "posted", "pending"])
    entries: list[EntryDraft] = []
    for _ in range(draw.randint(1, 3)):
        money, (into, out_of) = eur(draw.randint(1, 30)), draw.sample(ACCOUNTS, 2)
        entries += [debit(into, money, status), credit(out_of, money, status)]  # type: ignore[arg-type]
    return TransactionDraft(reference, "storm", tuple(entries), NOW, link=HoldTerms() if status == "pending" else None)


@retry_on_conflict
def operate(number: int, turn: int, closed: list[int]) -> None:
    """What operators do meanwhile, each thread its own thing; note the last id when the period was closed."""
    if number == 0:
        seal()
    elif number == 1 and turn < 63:
        with transaction():
            raise_stripes(book=BOOK, code=SALES, currency="EUR", stripes=turn + 2)
    elif number == 2 and turn == TURNS // 2:
        close_period(book=BOOK, open_from=LINE)
        closed.append(Transaction.objects.latest("pk").pk)
    elif number == 3 and turn > TURNS // 2:
        with transaction():
            close_account(book=BOOK, code=OLD, currency="EUR", now=NOW)


type Answer = tuple[PostedTransaction, Sequence[EntryDraft]]


def test_the_books_are_what_their_callers_were_told() -> None:
    # Given
    start, told, closed = seed(1), open_books(), list[int]()

    # When
    def storm(number: int) -> tuple[list[Answer], Counter[str]]:
        draw = random.Random(start * 1_000 + number)
        answers: list[Answer] = []
        refusals: Counter[str] = Counter()
        for turn in range(TURNS):
            act = draw.choice(["single", "single", "all", "each", "settle", "settle", "void", "reverse", "reverse"])
            try:
                operate(number, turn, closed)
                answers += run(act, draw=draw, name=f"{number}-{turn}")
            except (PostingRefused, LedgerNotFound) as refusal:
                refusals[refusal.code] += 1
        return answers, refusals

    results = everyone(THREADS, storm)
    # Then each transaction was told as new to one caller
    answers = [answer for given, _ in results for answer in given]
    new = [(row.id, entries) for row, entries in answers if not row.replayed]
    assert len({id_ for id_, _ in new}) == len(new)
    told |= dict(new)
    assert set(told) == set(Transaction.objects.values_list("pk", flat=True))
    assert {row.id for row, _ in answers} <= set(told)
    # And nobody was refused without reason
    refusals: Counter[str] = sum((counted for _, counted in results), Counter())
    assert set(refusals) <= EXPECTED, refusals
    assert refusals["limit_exceeded"] > 0
    # And nothing that came after the closing counts before it
    assert LateTransaction.objects.exists()
    assert not Transaction.objects.filter(effective_at__lt=LINE, pk__gt=closed[0]).exists()
    assert_books_say(told.values())


def open_books() -> dict[int, Sequence[EntryDraft]]:
    """Open the accounts, post holds and sales that the storm resolves and reverses; return the entries by id."""
    open_test_book()
    with transaction():
        ensure_accounts(book=BOOK, accounts=[AccountSpec(WALLET, "EUR", "liability", "credit", 0)])
        ensure_accounts(book=BOOK, accounts=[AccountSpec(OLD, "EUR", "asset", "debit")])
    lines = (debit(CASH, eur(40), "pending"), credit(SALES, eur(40), "pending"))
    holds = [TransactionDraft(f"hold-{n}", "hold", lines, NOW, link=HoldTerms()) for n in range(12)]
    drafts = [*holds, *(sale(f"sale-{n}", 40) for n in range(12))]
    return {row.id: draft.entries for row, draft in zip(post(*drafts), drafts, strict=True)}


def assert_books_say(told: Iterable[Sequence[EntryDraft]]) -> None:
    """Find the balances to be the sums of what was told, no limit passed even for a moment, and all checks well."""
    sums: Counter[str] = Counter()
    for entry in (entry for entries in told for entry in entries if entry.status == "posted"):
        sums[entry.account] += entry.money.amount_minor * (1 if entry.direction == "debit" else -1)
    for code in ACCOUNTS:
        row = queries.balance(book=BOOK, account=code, currency="EUR")
        assert row.debits_minor - row.credits_minor == sums[code]
    # A limit holds after each transaction, not between its entries: the last of each is what counts.
    after = {row.transaction_id: row for row in Entry.objects.filter(account__code=WALLET).order_by("account_version")}
    assert [row for row in after.values() if row.balance_after_minor < 0] == []
    seal()
    assert [check for check in checks(now=NOW) if not check.passed] == []


def test_of_many_that_void_one_hold_under_one_reference_all_get_the_first_result() -> None:
    # Given
    open_test_book()
    lines = (debit(CASH, eur(40), "pending"), credit(SALES, eur(40), "pending"))
    for round_ in range(effort(3, 100)):
        post(TransactionDraft(f"hold-{round_}", "hold", lines, NOW, link=HoldTerms()))

        @retry_on_conflict
        def void(_: int, name: str = f"hold-{round_}") -> PostedTransaction:
            with transaction():
                return resolve.void(book=BOOK, hold=name, reference=f"end-{name}", effective_at=NOW)

        # When
        results = everyone(THREADS, void)
        # Then
        assert len({row.id for row in results}) == 1
        assert [row.replayed for row in results].count(False) == 1
