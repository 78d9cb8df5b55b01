"""What the ledger refuses, act by act, with what refuses it and what drops that guard."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection

from ledger import journal, resolve
from ledger.accounts import close_account, raise_stripes, set_limits
from ledger.drafts import HoldTerms, Resolves, TransactionDraft, credit, debit
from tests.ledger.books import BOOK, CASH, NOW, SALES, draft, eur, sale

PART = (debit(CASH, eur(60)), credit(SALES, eur(60)))
BACK = (credit(CASH, eur(60)), debit(SALES, eur(60)))


def constraint(table: str, name: str) -> str:
    return f"ALTER TABLE ledger_{table} DROP CONSTRAINT {name}"


def without(function: str, text: str, instead: str) -> str:
    """Return the function's definition with one condition replaced."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (source,) = cursor.fetchone()
    assert source.count(text) >= 1, f"{function} says no more {text!r}"
    return str(source.replace(text, instead))


def spend(reference: str = "x", amount_minor: int = 101) -> TransactionDraft:
    return draft(reference, credit(CASH, eur(amount_minor)), debit(SALES, eur(amount_minor)))


def post(*drafts: TransactionDraft) -> None:
    journal.post(book=BOOK, drafts=drafts)


def spend_past_the_floor() -> None:
    set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)
    post(spend())


def limit_what_is_past_it() -> None:
    post(spend())
    set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)


def spend_before_income() -> None:
    set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)
    post(spend("x", 150), sale("y", 100))


def post_to_closed() -> None:
    resolve.void(book=BOOK, hold="hold", reference="void", effective_at=NOW)
    close_account(book=BOOK, code=SALES, currency="EUR", now=NOW)
    post(sale("x"))


def post_late() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_book SET open_from = %s", [NOW + timedelta(days=1)])
    entries = (debit(CASH, eur(1)), credit(SALES, eur(1)))
    post(TransactionDraft("x", "test", entries, NOW, move_late=False))


def reverse_twice() -> None:
    for name in ("x", "y"):
        post(TransactionDraft(name, "test", BACK, NOW, link=Resolves("sale", "reverse", final=False)))


def settle_twice() -> None:
    void = (credit(SALES, eur(100), "released"), debit(CASH, eur(100), "released"))
    for name in ("x", "y"):
        post(TransactionDraft(name, "test", void, NOW, link=Resolves("hold", "void", final=True)))


def settle_expired() -> None:
    pending = (debit(CASH, eur(9), "pending"), credit(SALES, eur(9), "pending"))
    post(TransactionDraft("old", "hold", pending, NOW, link=HoldTerms(NOW - timedelta(days=999))))
    resolve.settle(book=BOOK, hold="old", reference="x", effective_at=NOW)


def settle_more_than_released() -> None:
    lines = (*PART, credit(SALES, eur(10), "released"), debit(CASH, eur(10), "released"))
    post(TransactionDraft("x", "test", lines, NOW, link=Resolves("hold", "settle", final=False)))


def final_with_a_rest() -> None:
    lines = (credit(SALES, eur(10), "released"), debit(CASH, eur(10), "released"))
    post(TransactionDraft("x", "test", lines, NOW, link=Resolves("hold", "void", final=True)))


def contradict() -> None:
    post(sale("sale", 7))


def stripe_a_limited_account() -> None:
    set_limits(book=BOOK, code=CASH, currency="EUR", floor_minor=0)
    raise_stripes(book=BOOK, code=CASH, currency="EUR", stripes=2)


def write(statement: str) -> Callable[[], None]:
    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return act


def earn_past_the_ceiling() -> None:
    set_limits(book=BOOK, code=CASH, currency="EUR", ceiling_minor=200)
    post(sale("x", 101))


def post_two_to_closed() -> None:
    resolve.void(book=BOOK, hold="hold", reference="void", effective_at=NOW)
    close_account(book=BOOK, code=SALES, currency="EUR", now=NOW)
    post(sale("x"), sale("y"))


def write_as_the_application() -> None:
    write("SET LOCAL ROLE tally_app")()
    write(BALANCED)()


LOW = "(l.net_low_minor + p_amounts[v_place] >= l.net_min_minor) IS NOT FALSE"
HIGH = "(l.net_high_minor + p_amounts[v_place] <= l.net_max_minor) IS NOT FALSE"
UNBALANCED = """INSERT INTO ledger_entry (id, amount_minor, balance_after_minor, account_version, account_id, stripe,
currency, direction, status) SELECT 1 << 20, 5, 0, 99, id, 0, 'EUR', 'D', 'P' FROM ledger_account LIMIT 1"""
# Both on one account, so that only their versions tell them apart.
BALANCED = """INSERT INTO ledger_entry (id, amount_minor, balance_after_minor, account_version, account_id, stripe,
currency, direction, status) SELECT (1 << 20) + n, 5, 0, 98 + n, id, 0, 'EUR', CASE n WHEN 1 THEN 'D' ELSE 'C' END, 'P'
FROM (SELECT id FROM ledger_account LIMIT 1) AS a CROSS JOIN generate_series(1, 2) AS n"""

# guard: what the act is refused with, what drops it, and the act
GUARDS: dict[str, tuple[str, Callable[[], list[str]], Callable[[], None]]] = {
    "debits = credits": (
        "ledger_entries_sum_to_zero",
        lambda: ["DROP TRIGGER ledger_entries_valid ON ledger_entry"],
        write(UNBALANCED),
    ),
    "one content per reference": (
        "reference_conflict",
        lambda: [without("ledger_replay", "v_fingerprint IS DISTINCT FROM p_fingerprint", "false")],
        contradict,
    ),
    "a floor of a single posting": (
        "limit_exceeded",
        lambda: [
            without("ledger_post", LOW, "true"),
            constraint("balance", "ledger_balance_within_limits"),
        ],
        spend_past_the_floor,
    ),
    "a ceiling of a single posting": (
        "limit_exceeded",
        lambda: [without("ledger_post", HIGH, "true"), constraint("balance", "ledger_balance_within_limits")],
        earn_past_the_ceiling,
    ),
    "the floor, by the row alone": (
        "limit_exceeded",
        lambda: [constraint("balance", "ledger_balance_within_limits")],
        limit_what_is_past_it,
    ),
    "a floor within a batch": (
        "limit_exceeded",
        lambda: [without("ledger_check_limits", "s.low < s.net_min_minor", "false")],
        spend_before_income,
    ),
    "a closed account": (
        "account_closed",
        lambda: [without("ledger_post", "l.closed_at IS NULL", "true")],
        post_to_closed,
    ),
    "a closed account in a batch": (
        "account_closed",
        lambda: [without("ledger_post_batch", "l.closed_at IS NULL", "true")],
        post_two_to_closed,
    ),
    "a closed period": (
        "period_closed",
        lambda: [without("ledger_cite_late", "NOT p_move_late", "false")],
        post_late,
    ),
    "a reversal within its target": (
        "remainder_exceeded",
        lambda: [constraint("remainder", "ledger_remainder_within_total")],
        reverse_twice,
    ),
    "a hold ends once": (
        "hold_ended",
        lambda: [
            without("ledger_link", "v_hold.ended_at IS NOT NULL\n", "false\n"),
            without("ledger_use_target", "p_final AND v_left", "false"),
            "DROP INDEX ledger_resolution_final",
            constraint("remainder", "ledger_remainder_within_total"),
        ],
        settle_twice,
    ),
    "an expired hold": (
        "hold_expired",
        lambda: [
            without("ledger_link", "v_link.action = 'settle' AND v_hold.expires_at", "false AND v_hold.expires_at")
        ],
        settle_expired,
    ),
    "a settlement within what it releases": (
        "remainder_exceeded",
        lambda: [without("ledger_use_target", "NOT v_reverse AND EXISTS", "false AND EXISTS")],
        settle_more_than_released,
    ),
    "nothing is left after what is final": (
        "amounts_differ",
        lambda: [without("ledger_use_target", "p_final AND v_left", "false")],
        final_with_a_rest,
    ),
    "no limits over stripes": (
        "stripes_without_limits",
        lambda: ["DROP TRIGGER ledger_stripes_without_limits ON ledger_balance"],
        stripe_a_limited_account,
    ),
    "an amount is above zero": (
        "ledger_entry_valid",
        lambda: ["DROP TRIGGER ledger_entries_valid ON ledger_entry"],
        write(BALANCED.replace(" 5,", " 0,")),
    ),
    "one history per account": (
        "ledger_entry_account_version",
        lambda: [constraint("entry", "ledger_entry_account_version")],
        write(BALANCED.replace("98 + n", "99")),
    ),
    "only the posting functions write": (
        "permission denied",
        lambda: ["GRANT INSERT ON ledger_entry TO tally_app"],
        write_as_the_application,
    ),
    "entries are never rewritten": (
        "append-only",
        lambda: ["ALTER TABLE ledger_entry DISABLE TRIGGER USER"],
        write("UPDATE ledger_entry SET amount_minor = 1"),
    ),
    "transactions are never deleted": (
        "append-only",
        lambda: ["ALTER TABLE ledger_transaction DISABLE TRIGGER USER"],
        write("DELETE FROM ledger_transaction WHERE reference = 'sale'"),
    ),
}
