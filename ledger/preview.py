"""Show what posting would do, and do nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from django.db.models import Q
from django_subatomic.db import transaction

from ledger import journal, queries
from ledger.drafts import TransactionDraft
from ledger.journal import PostedTransaction, RefusedTransaction
from ledger.models import Account
from ledger.queries import AccountBalance


@dataclass(frozen=True, slots=True)
class Preview:
    """What each draft would come to, and every account that they touch as it would be then."""

    results: Sequence[PostedTransaction | RefusedTransaction]
    balances: Sequence[AccountBalance]


class _RolledBack(Exception):
    """No error: it carries the result out of the transaction that it ends."""

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview


def preview(*, book: str, drafts: Sequence[TransactionDraft], each: bool = False) -> Preview:
    """Post in a transaction that is rolled back: exact to the minor unit, as of this moment.

    All or none, or, with ``each``, one by one with a refusal each. References are not used up.

    :raises PostingRefused: and its kinds, `LedgerNotFound`: what posting them would raise.
    """
    try:
        with transaction():
            post = journal.post_each if each else journal.post
            results: Sequence[PostedTransaction | RefusedTransaction] = post(book=book, drafts=drafts)
            raise _RolledBack(Preview(results=results, balances=_touched(book, drafts)))
    except _RolledBack as done:
        return done.preview


def _touched(book: str, drafts: Sequence[TransactionDraft]) -> list[AccountBalance]:
    entries = chain.from_iterable(draft.entries for draft in drafts)
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        wanted.setdefault(entry.money.currency, set()).add(entry.account)
    named = Q(pk__in=[])
    for currency, codes in wanted.items():
        named |= Q(currency=currency, code__in=codes)
    rows = queries.with_sums(Account.objects.filter(named, book__code=book)).order_by("code", "currency")
    return [queries.balance_of(row) for row in rows]
