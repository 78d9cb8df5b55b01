"""The service with one of its rules broken, where nobody notices until a process dies: the harness must.

Each is installed in a child, both in the one that dies and in the one that recovers: that is the service's code then.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db.transaction import on_commit
from django_subatomic.db import transaction

from exactly_once.together import Write, write_together


def order_in_a_commit_of_its_own() -> None:
    """Commit the payment first, and then what it does to the checkout session."""
    from payments import outcomes, settle_attempt

    def announce_afterwards(outcome: Any) -> None:
        def announce() -> None:
            with transaction():
                outcomes.announce(outcome)

        on_commit(announce)

    setattr(settle_attempt, outcomes.announce.__name__, announce_afterwards)


def new_psp_key_each_time() -> None:
    """Ask the PSP for the same payment under another key each time, without a look whether it is there."""
    from payments.psp.outcomes import NotFoundAtPsp
    from payments.psp.stripe import StripeAdapter

    authorize = StripeAdapter.authorize

    def ask_anew(adapter: StripeAdapter, *, key: str, **asked: Any) -> Any:
        return authorize(adapter, key=f"{key}:{uuid4()}", **asked)

    setattr(StripeAdapter, "authorize", ask_anew)  # noqa: B010 - mypy knows methods as constants
    setattr(StripeAdapter, "retrieve", lambda *_args, **_asked: NotFoundAtPsp())  # noqa: B010 - the same


def position_in_a_commit_of_its_own() -> None:
    """Move the relay on first, and then write down what is due."""
    from exactly_once import relay

    def feed(sink: str, limit: int, make_due: Callable[..., relay.Due], wake_for: Callable[..., None]) -> int:
        with transaction():
            rows = relay._read(sink, limit)
            if not rows:
                return 0
            *_, (_, _, xid, seq, _) = rows
            write_together(Write(relay._ADVANCE, (xid, seq, sink)))
        with transaction():
            due = make_due([(event_id, event_type) for event_id, event_type, *_ in rows], [])
        wake_for(due, {event_id: traceparent for event_id, *_, traceparent in rows})
        return len(rows)

    setattr(relay, relay._feed.__name__, feed)


BREAKS = {
    rule.__name__: rule
    for rule in (order_in_a_commit_of_its_own, new_psp_key_each_time, position_in_a_commit_of_its_own)
}
