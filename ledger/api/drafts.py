"""From a request's body to drafts. Plain code: a batch of thousands is read in a fraction of the time it takes to post.

The rules of a field are those of imports (ledger/interchange/records.py); holds and dates that may move are ours.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from exactly_once.errors import FieldError, InvalidInput
from ledger.drafts import EntryDraft, HoldTerms, TransactionDraft
from ledger.errors import InvalidDraft
from ledger.interchange.records import FieldRefused, entry_draft, field_of, known_fields, moment, transaction_draft
from ledger.journal import MAX_BATCH

MAX_FIELD_ERRORS = 100  # whoever breaks more rules at once mends the first hundred before the next
_OURS = {"reference", "kind", "effective_at", "description", "metadata", "entries", "hold", "move_late"}


def draft_of(body: object) -> TransactionDraft:
    """Return the draft that a JSON object describes.

    :raises InvalidInput: naming the field by its pointer into the request's body.
    """
    try:
        return _draft(body)
    except FieldRefused as refusal:
        raise _refused(refusal.error) from refusal


def drafts_of(body: Mapping[str, Any]) -> list[TransactionDraft]:
    """Return the drafts of a batch, the member ``transactions``.

    :raises InvalidInput: naming the first field that breaks a rule in each item, up to a hundred items.
    """
    items = body.get("transactions")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_BATCH:
        raise _refused(
            FieldError("/transactions", "not_a_list", f"A list of 1 to {MAX_BATCH} transactions is expected.")
        )
    drafts: list[TransactionDraft] = []
    wrong: list[FieldError] = []
    for place, item in enumerate(items):
        try:
            drafts.append(_draft(item))
        except FieldRefused as refusal:
            error = refusal.error
            wrong.append(replace(error, pointer=f"/transactions/{place}{error.pointer}"))
            if len(wrong) == MAX_FIELD_ERRORS:
                break
    if wrong:
        raise _refused(*wrong)
    return drafts


def entries_of(body: Mapping[str, Any]) -> list[EntryDraft] | None:
    """Return the entries of a partial settlement or reversal, None where all that is left is meant.

    :raises InvalidInput: naming the field.
    """
    entries = body.get("entries")
    if entries is None:
        return None
    try:
        if not isinstance(entries, list) or not entries:
            raise FieldRefused("/entries", "not_a_list", "A list of entries is expected.")
        return [entry_draft(entry, f"/entries/{place}") for place, entry in enumerate(entries)]
    except FieldRefused as refusal:
        raise _refused(refusal.error) from refusal


@contextmanager
def named() -> Iterator[None]:
    """Name the field where a verb finds a draft that cannot be posted.

    :raises InvalidInput: naming the field.
    """
    try:
        yield
    except InvalidDraft as error:
        raise _refused(FieldError(field_of(error), error.code, error.detail)) from error


def _draft(body: object) -> TransactionDraft:
    if not isinstance(body, Mapping):
        raise FieldRefused("", "not_a_dict", "A transaction is an object.")
    known_fields(body, _OURS, "")
    draft = transaction_draft({name: body[name] for name in body if name not in {"hold", "move_late"}})
    move_late = body.get("move_late", True)
    if type(move_late) is not bool:
        raise FieldRefused("/move_late", "invalid", "True or false is expected.")
    return _with_hold(replace(draft, move_late=move_late), body.get("hold"))


def _with_hold(draft: TransactionDraft, hold: object) -> TransactionDraft:
    if hold is None:
        return draft
    if not isinstance(hold, Mapping):
        raise FieldRefused("/hold", "not_a_dict", "A hold is an object; expires_at may be left out.")
    known_fields(hold, {"expires_at"}, "/hold")
    expires_at = None
    if hold.get("expires_at") is not None:
        expires_at = moment(hold, "expires_at", "/hold")
        if expires_at.tzinfo is None:
            raise FieldRefused("/hold/expires_at", "effective_at_naive", "A time needs a time zone.")
    pending = tuple(replace(entry, status="pending") for entry in draft.entries)
    return replace(draft, entries=pending, link=HoldTerms(expires_at))


def _refused(*errors: FieldError) -> InvalidInput:
    return InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=errors)
