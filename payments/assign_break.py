"""Say who looks into a break, and until when."""

from datetime import datetime
from uuid import UUID

from django_subatomic.db import transaction_required

from payments.errors import PaymentRefused
from payments.locks import lock_break
from payments.open_break import is_done, note
from payments.states import BreakState


@transaction_required
def assign_break(
    *, break_id: str, owner: str, by: str, now: datetime, due_at: datetime | None = None, operation: UUID | None = None
) -> None:
    """Give the break to ``owner`` (empty: to nobody), due at ``due_at`` (None: as before).

    :param operation: minted when the form was drawn: sent again, it changes nothing.
    :raises PaymentNotFound: ``break_not_found``.
    :raises PaymentRefused: ``break_resolved``.
    """
    held = lock_break(break_id=break_id)
    if is_done(operation=operation):
        return
    if held.state == BreakState.RESOLVED:
        raise PaymentRefused(code="break_resolved", detail=f"{break_id} was resolved by {held.resolved_by}.")
    held.owner, held.due_at = owner, due_at or held.due_at
    held.save(update_fields=["owner", "due_at"])
    detail = f"{owner or 'nobody'}, due {held.due_at:%Y-%m-%d %H:%M}"
    note(about=held, what="assigned", by=by, detail=detail, now=now, operation=operation)
