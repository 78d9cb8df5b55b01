"""Refusals of the ledger. Each stands for a database constraint or a guard of the posting function."""

from exactly_once.errors import InvalidInput, NotFound, Refused, TryLater


class InvalidMoney(InvalidInput):
    """An amount or a currency that is none."""


class InvalidDraft(InvalidInput):
    """A transaction that cannot be posted as it is written, whatever the state of the books."""


class PostingRefused(Refused):
    """The books, as they stand, do not take this transaction; nothing was posted."""


class ReferenceConflict(PostingRefused):
    """The reference has been posted with other contents."""


class UnknownAccount(PostingRefused):
    """The book has no such account in any currency."""


class WrongCurrency(PostingRefused):
    """The account exists, but not in this currency."""


class AccountClosed(PostingRefused):
    """The account takes no more entries."""


class UnbalancedTransaction(PostingRefused):
    """Debits and credits of a currency differ."""


class LimitExceeded(PostingRefused):
    """An account, its pending amounts counted, would pass its floor or its ceiling."""


class PeriodClosed(PostingRefused):
    """The date lies in a closed period, and the caller does not want it moved."""


class HoldRefused(PostingRefused):
    """The hold cannot do this: it has ended, has expired, or is none."""


class RemainderExceeded(PostingRefused):
    """More would be settled, released or reversed than is left of the transaction."""


class LedgerNotFound(NotFound):
    """No such book, account or transaction."""


class HorizonBlocked(TryLater):
    """A writer's open transaction keeps the end of the books unsettled."""


class ImportInProgress(TryLater):
    """Another process is at the same import."""


class InvalidInterchange(InvalidInput):
    """A file that is no export, or an export that cannot say what the books say."""
