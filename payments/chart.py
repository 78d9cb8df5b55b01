"""The accounts that payments post to, per book, PSP and currency."""

from collections.abc import Iterable, Mapping

from django_subatomic.db import transaction_required

from exactly_once.together import Write
from ledger.accounts import AccountSpec, AccountType, ensure_accounts, opening
from ledger.drafts import Direction
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

# What every sale posts to is spread over so many rows: in one row each, sales would wait for each other's commit.
HOT_STRIPES = 32
_HOT = {ORDERS, SALES, SHIPPING}
_HOT_BRANCHES = ("liabilities:tax:", "expenses:psp_fees:")


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


def opening_chart(*, book: str, psp: str, currency: str) -> Write:
    """Return what opens the accounts that a payment in this currency will need, before any money moves."""
    return opening(book=book, accounts=_specs(currency, asset=[receivable(psp)], liability=[ORDERS, REFUNDS]))


@transaction_required
def ensure_sale_chart(*, book: str, currency: str, jurisdictions: Iterable[str]) -> None:
    """Open the accounts that revenue in this currency will need, and the taxes on it."""
    owed = [tax(where) for where in jurisdictions]
    _ensure(book, currency, liability=[ORDERS, *owed], revenue=[SALES, SHIPPING])


@transaction_required
def ensure_earned_refund_chart(*, book: str, currency: str, jurisdictions: Iterable[str]) -> None:
    """Open the accounts that a refund of earned money will need: less revenue, less tax owed."""
    _ensure(book, currency, liability=[tax(where) for where in jurisdictions], less_revenue=[REFUNDED_SALES])


@transaction_required
def ensure_dispute_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that a dispute in this currency will need."""
    _ensure(book, currency, asset=[receivable(psp), disputed(psp)], expense=[CHARGEBACKS, DISPUTE_FEES])


@transaction_required
def ensure_suspense_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that money in this currency will need which nobody can explain."""
    _ensure(book, currency, asset=[receivable(psp), suspense(psp)])


@transaction_required
def ensure_settlement_chart(*, book: str, psp: str, currency: str) -> None:
    """Open the accounts that fees and conversions in this currency will need."""
    _ensure(book, currency, asset=[receivable(psp)], expense=[fees(psp)], equity=[POSITION])


@transaction_required
def ensure_payout_chart(*, book: str, psp: str, bank_name: str, currency: str) -> None:
    """Open the accounts that a payout in this currency will need."""
    _ensure(book, currency, asset=[receivable(psp), bank(bank_name)])


@transaction_required
def ensure_bank_chart(*, book: str, bank_name: str, currency: str) -> None:
    """Open the accounts that what a bank keeps in this currency will need."""
    _ensure(book, currency, asset=[bank(bank_name)], expense=[BANK_FEES])


@transaction_required
def ensure_write_off_chart(*, book: str, currency: str) -> None:
    """Open the account of what nobody will find out."""
    _ensure(book, currency, expense=[WRITE_OFFS])


# Each kind of account: its type, and the side that makes it more.
_KINDS: Mapping[str, tuple[AccountType, Direction]] = {
    "asset": ("asset", "debit"),
    "liability": ("liability", "credit"),
    "equity": ("equity", "credit"),
    "revenue": ("revenue", "credit"),
    "less_revenue": ("revenue", "debit"),
    "expense": ("expense", "debit"),
}


def _ensure(book: str, currency: str, **codes: Iterable[str]) -> None:
    ensure_accounts(book=book, accounts=_specs(currency, **codes))


def _specs(currency: str, **codes: Iterable[str]) -> list[AccountSpec]:
    return [
        AccountSpec(code, currency, *_KINDS[kind], stripes=HOT_STRIPES if _is_hot(code) else 1)
        for kind, some in codes.items()
        for code in some
    ]


def _is_hot(code: str) -> bool:
    return code in _HOT or code.startswith(_HOT_BRANCHES) or code.endswith(":receivable")
