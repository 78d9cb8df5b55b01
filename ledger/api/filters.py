"""What lists can be narrowed by. A parameter that is none is named; one that is not known here is left alone."""

from datetime import datetime, timedelta
from typing import Any, get_args

from django.db.models import BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from exactly_once.api.filters import one_of, time
from ledger import queries
from ledger.accounts import AccountType
from ledger.entry_pages import EntryFilter
from ledger.models import ENTRIES_BITS, Account, Entry, Transaction

METADATA = "metadata."
TYPES = get_args(AccountType.__value__)
FEW_DAYS = timedelta(days=31)  # of transactions are gathered and sorted at once; through more, the list is walked
FEW_ENTRIES = 10_000  # of an account, likewise

# For an account with many entries: the transactions are walked from the latest, with one look at the entries of each.
_TOUCHES = """EXISTS (
    SELECT FROM ledger_entry AS e
    WHERE
        e.account_id = %s AND e.id >= ledger_transaction.id << %s AND e.id < (ledger_transaction.id + 1) << %s
    OFFSET 0
)"""

_TIMES = ("effective_from", "effective_before", "recorded_from", "recorded_before")
_BOOK = OpenApiParameter("book", str, description="The code of a book.")
ACCOUNTS = [
    _BOOK,
    OpenApiParameter("prefix", str, description="A path: the account of this code and all below it."),
    OpenApiParameter("type", str, enum=TYPES),
    OpenApiParameter("currency", str),
    OpenApiParameter("closed", bool),
]
TRANSACTIONS = [
    _BOOK,
    OpenApiParameter("kind", str),
    OpenApiParameter("reference", str),
    OpenApiParameter("reference_prefix", str, description="What the reference begins with."),
    OpenApiParameter("account", str, description="The id of an account that the transaction has an entry on."),
    *(OpenApiParameter(name, datetime) for name in _TIMES),
    OpenApiParameter("metadata.KEY", str, description="Transactions whose metadata has this value under KEY."),
]
ENTRIES = [
    OpenApiParameter("effective_from", datetime),
    OpenApiParameter("effective_before", datetime),
    OpenApiParameter("direction", str, enum=["debit", "credit"]),
    OpenApiParameter("status", str, enum=["posted", "pending", "released"]),
]


def accounts(asked: QueryDict) -> QuerySet[Account]:
    """Return the accounts that the query asks for.

    :raises InvalidInput: ``unknown_choice``, naming the parameter.
    """
    found = queries.accounts(book=asked.get("book"))
    if "type" in asked:
        found = found.filter(type=one_of(asked, "type", {name: name for name in TYPES}))
    if "currency" in asked:
        found = found.filter(currency=asked["currency"])
    if "closed" in asked:
        is_open = one_of(asked, "closed", {"true": False, "false": True})
        found = found.filter(closed_at__isnull=is_open)  # type: ignore[misc]  # an annotation
    if prefix := asked.get("prefix"):
        found = found.filter(Q(code=prefix) | Q(code__startswith=f"{prefix}:"))
    return found


def transactions(asked: QueryDict) -> QuerySet[Transaction]:
    """Return the transactions that the query asks for, with an order for few of them as ``gathered``.

    :raises InvalidInput: ``not_a_time``, naming the parameter.
    :raises LedgerNotFound: ``account_not_found``.
    """
    found: QuerySet[Transaction] = Transaction.objects.select_related("book").annotate(gathered=F("pk") + 0)
    for name, test in (
        ("book", "book__code"),
        ("kind", "kind"),
        ("reference", "reference"),
        ("reference_prefix", "reference__startswith"),
    ):
        if name in asked:
            found = found.filter(**{test: asked[name]})
    for name in _TIMES:
        if name in asked:
            column, _, bound = name.partition("_")
            found = found.filter(**{f"{column}_at__{'gte' if bound == 'from' else 'lt'}": time(asked, name)})
    if "account" in asked:
        found = _of_account(found, queries.account(public_id=str(asked["account"])))
    wanted = {name.removeprefix(METADATA): asked[name] for name in asked if name.startswith(METADATA)}
    # Without the second condition the index does not apply: it leaves out what has no metadata.
    return found.filter(metadata__contains=wanted).exclude(metadata={}) if wanted else found


def few_expected(asked: QueryDict) -> bool:
    """Whether so few transactions may match that it is quicker to sort them than to come across them.

    :raises InvalidInput: ``not_a_time``.
    :raises LedgerNotFound: ``account_not_found``.
    """
    for column in ("effective", "recorded"):
        bounds = f"{column}_from", f"{column}_before"
        if all(name in asked for name in bounds):
            since, before = (time(asked, name) for name in bounds)
            if before - since <= FEW_DAYS:
                return True
    return "account" in asked and _has_few_entries(queries.account(public_id=str(asked["account"])))


def entries(asked: QueryDict) -> EntryFilter:
    """Return which of an account's entries the query asks for.

    :raises InvalidInput: ``not_a_time`` or ``unknown_choice``, naming the parameter.
    """
    times: dict[str, Any] = {
        name: time(asked, name) for name in ("effective_from", "effective_before") if name in asked
    }
    codes: dict[str, Any] = {
        name: one_of(asked, name, {str(label): str(code) for code, label in choices.choices})
        for name, choices in (("direction", Entry.Direction), ("status", Entry.Status))
        if name in asked
    }
    return EntryFilter(**times, **codes)


def _of_account(found: QuerySet[Transaction], account: Account) -> QuerySet[Transaction]:
    if _has_few_entries(account):
        own = Entry.objects.filter(account=account).annotate(of=F("pk").bitrightshift(ENTRIES_BITS)).values("of")
        return found.filter(pk__in=own)
    touches = RawSQL(  # noqa: S611 - nothing that a caller writes is part of the text
        _TOUCHES, [account.pk, ENTRIES_BITS, ENTRIES_BITS], output_field=BooleanField()
    )
    return found.filter(touches)


def _has_few_entries(account: Account) -> bool:
    return int(account.entry_count or 0) <= FEW_ENTRIES  # type: ignore[attr-defined]  # with_sums reads it
