"""The accounts that payments post to, per book, PSP and currency."""

from django_subatomic.db import transaction_required

from ledger.accounts import AccountSpec, ensure_accounts

ORDERS = "liabilities:orders"
REFUNDS = "liabilities:refunds"


def receivable(psp: str) -> str:
    """Return the account of what this PSP owes us."""
    return f"assets:psp:{psp}:receivable"


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
