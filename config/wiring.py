"""Which event of a lower package is heard by which function of an upper one.

Lower packages never import upper ones; this is the one place that introduces them to each other.
"""

from django.conf import settings

from checkout import events as checkout_events
from checkout import notify, order_standing, queries, review_order, saga
from exactly_once import (
    event_types,
    inbox,
    inbox_batch,
    inbox_preview,
    inbox_subjects,
    outbox,
    webhook_endpoints,
    webhook_owners,
)
from ledger import witness
from payments import confirm_intent, earned, known_events, outcomes, reversals, webhook_subjects, webhooks
from payments import events as payment_events
from payments import queries as payment_queries
from payments.psp import registry


def connect() -> None:
    """Register every handler. Called once, when Django has loaded all apps."""
    event_types.declare([*payment_events.EVENT_TYPES, *checkout_events.EVENT_TYPES, *webhook_endpoints.EVENT_TYPES])
    # In the transaction that moves a payment intent.
    outcomes.subscribe(saga.on_intent_outcome)
    outcomes.subscribe(confirm_intent.answer_outcome)
    # In the transaction that decides a dispute, or in which a refund comes to nothing.
    reversals.subscribe(review_order.on_reversal)
    # In the transaction that promises a refund.
    earned.register_provider(order_standing.earned_by_shipping)
    # In the transaction that takes an event from the inbox.
    for psp in settings.PSP_ACCOUNTS:
        inbox.register_handler(psp, webhooks.handle)
        inbox_batch.register_known(psp, known_events.known_already)
        inbox_subjects.register_subjects(psp, webhook_subjects.named_in)
    registry.load_adapters()
    # After the commit, from the outbox, once per handler.
    for event_type, (name, tell) in notify.SUBSCRIBERS.items():
        outbox.register_subscriber(event_type, name, tell)
    for event_type in review_order.EVENTS:
        outbox.register_subscriber(event_type, "review_order", review_order.hear)
    # In the relay's transaction, to let a client's endpoints hear of what is the client's.
    webhook_owners.register_owners("order", queries.clients_of_events)
    for aggregatetype in ("payment_intent", "authorization", "capture", "refund", "surplus", "dispute"):
        webhook_owners.register_owners(aggregatetype, payment_queries.clients_of_events)
    # In the transaction of a dry run, to say in words what it posted.
    inbox_preview.register_witness(witness.posted_since_now)
