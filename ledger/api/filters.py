"""What lists can be narrowed by. A parameter that is none is named; one that is not known here is left alone."""

from datetime import UTC, datetime

from django.db.models import Q, QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from exactly_once.errors import FieldError, InvalidInput
from ledger import queries
from ledger.models import Account, Entry, Transaction

METADATA = "metadata."

_TIMES = ("effective_from", "effective_before", "recorded_from", "recorded_before")
_BOOK = OpenApiParameter("book", str, description="The code of a book.")
ACCOUNTS = [
    _BOOK,
    OpenApiParameter("prefix", str, description="A path: the account of this code and all below it."),
    OpenApiParameter("type", str, enum=["asset", "liability", "equity", "revenue", "expense"]),
    OpenApiParameter("currency", str),
]
TRANSACTIONS = [
    _BOOK,
    OpenApiParameter("kind", str),
    OpenApiParameter("reference", str),
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
    """Return the accounts that the query asks for."""
    found = queries.accounts(book=asked.get("book"))
    for name in ("type", "currency"):
        if name in asked:
            found = found.filter(**{name: asked[name]})
    if prefix := asked.get("prefix"):
        found = found.filter(Q(code=prefix) | Q(code__startswith=f"{prefix}:"))
    return found


def transactions(asked: QueryDict) -> QuerySet[Transaction]:
    """Return the transactions that the query asks for.

    :raises InvalidInput: ``not_a_time``, naming the parameter.
    """
    found = Transaction.objects.select_related("book")
    if "book" in asked:
        found = found.filter(book__code=asked["book"])
    for name in ("kind", "reference"):
        if name in asked:
            found = found.filter(**{name: asked[name]})
    for name in _TIMES:
        if name in asked:
            column, _, bound = name.partition("_")
            found = found.filter(**{f"{column}_at__{'gte' if bound == 'from' else 'lt'}": _time(asked, name)})
    wanted = {name.removeprefix(METADATA): asked[name] for name in asked if name.startswith(METADATA)}
    # Without the second condition the index does not apply: it leaves out what has no metadata.
    return found.filter(metadata__contains=wanted).exclude(metadata={}) if wanted else found


def entries(found: QuerySet[Entry], asked: QueryDict) -> QuerySet[Entry]:
    """Return those of the entries that the query asks for.

    :raises InvalidInput: ``not_a_time`` or ``unknown_choice``, naming the parameter.
    """
    wanted: dict[str, object] = {}
    for name, test in (("effective_from", "effective_at__gte"), ("effective_before", "effective_at__lt")):
        if name in asked:
            wanted[test] = _time(asked, name)
    for name, choices in (("direction", Entry.Direction), ("status", Entry.Status)):
        if name in asked:
            codes = {str(label): str(code) for code, label in choices.choices}
            if (text := str(asked[name])) not in codes:
                raise _refused(FieldError(f"/{name}", "unknown_choice", f"One of {', '.join(codes)} is expected."))
            wanted[name] = codes[text]
    return found.filter(**wanted)


def _time(asked: QueryDict, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(str(asked[name]))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        error = FieldError(f"/{name}", "not_a_time", "A time is written as 2026-11-23T12:00:00Z.")
        raise _refused(error) from None


def _refused(error: FieldError) -> InvalidInput:
    return InvalidInput(code="invalid_input", detail="A parameter breaks a rule; see errors.", fields=(error,))
