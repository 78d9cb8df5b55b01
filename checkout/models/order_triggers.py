"""Triggers that tie an order to its payment, and its lines' quantities to what has become of the units."""

import pgtrigger

from exactly_once.triggers import row_check


def order_is_paid() -> pgtrigger.Trigger:
    """Return a trigger by which a new order that costs something is captured, or held to be captured when shipped.

    The payment is of its own session, and of its total.
    """
    return row_check(
        name="paid",
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.total_minor > 0"),
        fails_if="""NOT EXISTS (
                SELECT FROM payments_paymentintent AS i
                INNER JOIN payments_attempt AS a ON a.intent_id = i.id
                INNER JOIN checkout_checkoutsession AS s ON s.public_id = i.order_reference
                WHERE
                    i.public_id = NEW.payment_intent AND s.id = NEW.session_id
                    AND a.amount_minor = NEW.total_minor AND a.currency = NEW.currency
                    AND (
                        (a.state = 'captured' AND a.captured_minor = NEW.total_minor)
                        OR (a.state = 'authorized' AND NOT a.captures_at_once)
                    )
            )""",
        says="order % is neither paid nor authorised",
        about="NEW.public_id",
        constraint="order_paid",
    )


def counted(*, column: str, event: str, owner: str) -> pgtrigger.Trigger:
    """Return a trigger of an event's lines by which the order's line counts their units; CHECKs there bound the sum.

    :param column: of the order's line; ``event``: the table of the event, which ``owner`` refers to.
    """
    return row_check(
        name="counted",
        operation=pgtrigger.Insert,
        first=f"""UPDATE checkout_orderline AS l SET {column} = l.{column} + NEW.quantity
            FROM {event} AS e
            WHERE l.id = NEW.order_line_id AND e.id = NEW.{owner} AND e.order_id = l.order_id;""",  # noqa: S608 - the names of our own tables
        fails_if="NOT FOUND",
        says="line % is of another order",
        about="NEW.order_line_id",
        constraint="order_event_of_its_order",
    )


def event_of_its_parts() -> pgtrigger.Trigger:
    """Return a trigger of events by which what one comes to is the sum of its parts, each of them something."""
    return row_check(
        name="of_its_parts",
        operation=pgtrigger.Insert,
        fails_if="""(
                SELECT coalesce(sum((p.part ->> 'amount_minor')::bigint), 0) <> NEW.amount_minor
                    OR coalesce(min((p.part ->> 'amount_minor')::bigint), 1) <= 0
                FROM jsonb_array_elements(NEW.parts) AS p (part)
            )""",
        says="% is not the sum of its parts",
        about="NEW.public_id",
        constraint="order_event_of_its_parts",
    )


def event_within_order() -> pgtrigger.Trigger:
    """Return a trigger of shipments and cancellations by which these come to no more than their order does.

    The order is locked before they are added up, so that two cannot both take the last of it.
    """
    return row_check(
        name="within_order",
        operation=pgtrigger.Insert,
        first="PERFORM FROM checkout_order AS o WHERE o.id = NEW.order_id FOR NO KEY UPDATE;",
        fails_if="""NOT EXISTS (
                SELECT FROM checkout_order AS o
                WHERE o.id = NEW.order_id AND o.total_minor >= (
                    SELECT coalesce(sum(e.amount_minor), 0) FROM checkout_shipment AS e WHERE e.order_id = o.id
                ) + (
                    SELECT coalesce(sum(e.amount_minor), 0) FROM checkout_cancellation AS e WHERE e.order_id = o.id
                )
            )""",
        says="% is more than is left of its order",
        about="NEW.public_id",
        constraint="order_event_within_order",
    )


def line_counts_events() -> pgtrigger.Trigger:
    """Return a trigger by which, at COMMIT, a line has counted its shipments, cancellations and returns, no more."""
    return row_check(
        name="counts_events",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("shipped", "canceled", "returned"),  # type: ignore[no-untyped-call]
        timing=pgtrigger.Deferred,
        first="""-- Most lines are new, and nothing has become of them.
            IF TG_OP = 'INSERT' AND (NEW.shipped, NEW.canceled, NEW.returned) = (0, 0, 0) THEN
                RETURN NULL;
            END IF;""",
        fails_if="""EXISTS (
                SELECT FROM checkout_orderline AS l
                WHERE l.id = NEW.id AND (
                    l.shipped <> (
                        SELECT coalesce(sum(e.quantity), 0) FROM checkout_shipmentline AS e
                        WHERE e.order_line_id = l.id
                    )
                    OR l.canceled <> (
                        SELECT coalesce(sum(e.quantity), 0) FROM checkout_cancellationline AS e
                        WHERE e.order_line_id = l.id
                    )
                    OR l.returned <> (
                        SELECT coalesce(sum(e.quantity), 0) FROM checkout_returnline AS e
                        WHERE e.order_line_id = l.id
                    )
                )
            )""",
        says="line % counts other units than were shipped, canceled and returned",
        about="NEW.id",
        constraint="orderline_counts_events",
    )
