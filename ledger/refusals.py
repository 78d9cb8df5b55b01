"""From a violated constraint to the refusal that it stands for. Names, never message texts."""

from django.db import DataError, IntegrityError
from psycopg.errors import NumericValueOutOfRange

from exactly_once.violations import violated
from ledger.errors import (
    AccountClosed,
    HoldRefused,
    LedgerNotFound,
    LimitExceeded,
    PeriodClosed,
    PostingRefused,
    ReferenceConflict,
    RemainderExceeded,
    UnbalancedTransaction,
    UnknownAccount,
    WrongCurrency,
)

_LIMIT = (LimitExceeded, "limit_exceeded", "The account, pending amounts counted, would pass its floor or ceiling")

_REFUSALS: dict[str, tuple[type[PostingRefused | LedgerNotFound], str, str]] = {
    "ledger_book_known": (LedgerNotFound, "book_not_found", "There is no such book"),
    "ledger_reference_conflict": (ReferenceConflict, "reference_conflict", "Posted before with other contents"),
    "ledger_account_known": (UnknownAccount, "unknown_account", "The book has no such account"),
    "ledger_account_currency": (WrongCurrency, "wrong_currency", "The account is not kept in this currency"),
    "ledger_account_open": (AccountClosed, "account_closed", "The account is closed"),
    "ledger_account_nothing_pending": (PostingRefused, "amounts_pending", "The account has pending amounts"),
    "ledger_amount_in_range": (PostingRefused, "amount_out_of_range", "A sum would leave bigint"),
    "ledger_account_limit": _LIMIT,
    "ledger_balance_within_limits": _LIMIT,
    "ledger_entries_sum_to_zero": (UnbalancedTransaction, "unbalanced", "Debits and credits differ"),
    "ledger_period_open": (PeriodClosed, "period_closed", "The period is closed"),
    "ledger_target_known": (LedgerNotFound, "transaction_not_found", "The book has no such transaction"),
    "ledger_hold_known": (HoldRefused, "not_a_hold", "The transaction is not a hold"),
    "ledger_hold_ended": (HoldRefused, "hold_ended", "The hold was settled, voided or expired before"),
    "ledger_hold_expired": (HoldRefused, "hold_expired", "The hold has expired"),
    "ledger_hold_due": (HoldRefused, "hold_not_due", "The hold has not expired"),
    "ledger_resolution_final": (RemainderExceeded, "nothing_left", "Nothing of the transaction is left"),
    "ledger_resolution_complete": (RemainderExceeded, "amounts_differ", "Not the whole rest of the transaction"),
    "ledger_remainder_within_total": (RemainderExceeded, "remainder_exceeded", "More than is left of the transaction"),
    "ledger_settle_within_hold": (RemainderExceeded, "remainder_exceeded", "More is settled than the hold releases"),
    "ledger_stripes_only_raised": (PostingRefused, "stripes_only_raised", "The account has more stripes already"),
    "ledger_stripes_without_limits": (
        PostingRefused,
        "stripes_without_limits",
        "An account with a floor or a ceiling has one stripe",
    ),
}


def refusal(error: IntegrityError | DataError) -> Exception:
    """Return the refusal that the violated constraint stands for; a constraint without one is a defect of ours."""
    if isinstance(error.__cause__, NumericValueOutOfRange):
        return refusal_of("ledger_amount_in_range", None)
    diagnosis = getattr(error.__cause__, "diag", None)
    name = violated(error)
    if name not in _REFUSALS:
        return error
    # The DETAIL of a table's own CHECK is the whole row: not for callers.
    ours = getattr(diagnosis, "table_name", None) is None
    return refusal_of(name, getattr(diagnosis, "message_detail", None) if ours else None)


def refusal_of(constraint: str, detail: str | None) -> PostingRefused | LedgerNotFound:
    """Return the refusal that a constraint stands for; ``detail`` names what it is about."""
    kind, code, sentence = _REFUSALS[constraint]
    return kind(code=code, detail=f"{sentence}: {detail}." if detail else f"{sentence}.")
