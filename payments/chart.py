"""The accounts that payments post to, per book, PSP and currency."""

from collections.abc import Iterable

from django_subatomic.db import transaction_required

from ledger.accounts import AccountSpec, ensure_accounts
from ledger.exchange import POSITION

ORDERS = "liabilities:orders"
REFUNDS = "liabilities:refunds"
SALES = "revenue:sales"
SHIPPING = "revenue:shipping"
REFUNDED_SALES = "revenue:refunds"
CHARGEBACKS = "expenses:chargebacks"
DISPUTE_FEES = "expenses:dispute_fees"
BANK_FEES = "expenses:bank_fees"
WRITE_OFFS = "expenses:write_offs"


# What payments can tell the sum of, from their own rows: people post nothing there.
_KEPT = (
    *("assets:psp:", "assets:bank:", "suspense:", "expenses:psp_fees:", "equity:fx"),
    *(REFUNDS, CHARGEBACKS, DISPUTE_FEES, WRITE_OFFS),
)


def is_kept_by_payments(*, code: str) -> bool:
    """Whether an account's balance follows from what payments know; also of a code that is none."""
    return not code or code.startswith(_KEPT)


def receivable(psp: str) -> str:
    """Return the account of what this PSP owes us."""
    return f"assets:psp:{psp}:receivable"


def disputed(psp: str) -> str:
    """Return the account of what this PSP keeps while buyers' banks decide."""
    return f"assets:psp:{psp}:disputed"


def fees(psp: str) -> str:
    """Return the account of what this PSP takes for its work."""
    return f"expenses:psp_fees:{psp}"


def suspense(psp: str) -> str:
    """Return the account of what this PSP did and nobody can explain yet."""
    return f"suspense:{psp}"


def bank(name: str) -> str:
    """Return the account of what is in a bank account of ours."""
    return f"assets:bank:{name}"


def tax(jurisdiction: str) -> str:
    """Return the account of what we owe a tax office."""
    return f"liabilities:tax:{jurisdiction}"


@transaction_required
def ensure_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that a payment in this currency will need, before any money moves."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=receivable(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=ORDERS, currency=currency, type="liability", normal_side="credit"),
            AccountSpec(code=REFUNDS, currency=currency, type="liability", normal_side="credit"),
        ],
    )


@transaction_required
def ensure_sale_chart(*, book: str, currency: str, jurisdictions: Iterable[str]) -> None:
    """Open the accounts that revenue in this currency will need, and the taxes on it."""
    owed = [
        AccountSpec(code=tax(where), currency=currency, type="liability", normal_side="credit")
        for where in jurisdictions
    ]
    earned = [
        AccountSpec(code=code, currency=currency, type="revenue", normal_side="credit") for code in (SALES, SHIPPING)
    ]
    orders = AccountSpec(code=ORDERS, currency=currency, type="liability", normal_side="credit")
    ensure_accounts(book=book, accounts=[orders, *earned, *owed])


@transaction_required
def ensure_earned_refund_chart(*, book: str, currency: str, jurisdictions: Iterable[str]) -> None:
    """Open the accounts that a refund of earned money will need: less revenue, less tax owed."""
    owed = [
        AccountSpec(code=tax(where), currency=currency, type="liability", normal_side="credit")
        for where in jurisdictions
    ]
    less = AccountSpec(code=REFUNDED_SALES, currency=currency, type="revenue", normal_side="debit")
    ensure_accounts(book=book, accounts=[less, *owed])


@transaction_required
def ensure_dispute_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that a dispute in this currency will need."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=receivable(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=disputed(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=CHARGEBACKS, currency=currency, type="expense", normal_side="debit"),
            AccountSpec(code=DISPUTE_FEES, currency=currency, type="expense", normal_side="debit"),
        ],
    )


@transaction_required
def ensure_suspense_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that money in this currency will need which nobody can explain."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=receivable(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=suspense(psp), currency=currency, type="asset", normal_side="debit"),
        ],
    )


@transaction_required
def ensure_settlement_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that fees and conversions in this currency will need."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=receivable(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=fees(psp), currency=currency, type="expense", normal_side="debit"),
            AccountSpec(code=POSITION, currency=currency, type="equity", normal_side="credit"),
        ],
    )


@transaction_required
def ensure_payout_chart(*, book: str, psp: str, bank_name: str, currency: str) -> None:
    """Open the accounts that a payout in this currency will need."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=receivable(psp), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=bank(bank_name), currency=currency, type="asset", normal_side="debit"),
        ],
    )


@transaction_required
def ensure_bank_chart(*, book: str, bank_name: str, currency: str) -> None:
    """Open the accounts that what a bank keeps in this currency will need."""
    ensure_accounts(
        book=book,
        accounts=[
            AccountSpec(code=bank(bank_name), currency=currency, type="asset", normal_side="debit"),
            AccountSpec(code=BANK_FEES, currency=currency, type="expense", normal_side="debit"),
        ],
    )


@transaction_required
def ensure_write_off_chart(*, book: str, currency: str) -> None:
    """Open the account of what nobody will find out."""
    spec = AccountSpec(code=WRITE_OFFS, currency=currency, type="expense", normal_side="debit")
    ensure_accounts(book=book, accounts=[spec])
