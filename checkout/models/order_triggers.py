"""Triggers that tie an order to its payment, and its lines' quantities to what has become of the units."""

import pgtrigger


def order_is_paid() -> pgtrigger.Trigger:
    """Return a trigger by which a new order that costs something is captured, or held to be captured when shipped.

    The payment is of its own session, and of its total.
    """
    return pgtrigger.Trigger(
        name="paid",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        condition=pgtrigger.Condition("NEW.total_minor > 0"),
        func="""
            IF NOT EXISTS (
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
            ) THEN
                RAISE EXCEPTION 'order % is neither paid nor authorised', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'order_paid';
            END IF;
            RETURN NULL;
        """,
    )


def counted(*, column: str, event: str, owner: str) -> pgtrigger.Trigger:
    """Return a trigger of an event's lines by which the order's line counts their units; CHECKs there bound the sum.

    :param column: of the order's line; ``event``: the table of the event, which ``owner`` refers to.
    """
    return pgtrigger.Trigger(
        name="counted",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func=f"""
            UPDATE checkout_orderline AS l SET {column} = l.{column} + NEW.quantity
            FROM {event} AS e
            WHERE l.id = NEW.order_line_id AND e.id = NEW.{owner} AND e.order_id = l.order_id;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'line % is of another order', NEW.order_line_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'order_event_of_its_order';
            END IF;
            RETURN NULL;
        """,  # noqa: S608 - the names of our own tables
    )


def event_of_its_parts() -> pgtrigger.Trigger:
    """Return a trigger of events by which what one comes to is the sum of its parts, each of them something."""
    return pgtrigger.Trigger(
        name="of_its_parts",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func="""
            IF (
                SELECT coalesce(sum((p.part ->> 'amount_minor')::bigint), 0) <> NEW.amount_minor
                    OR coalesce(min((p.part ->> 'amount_minor')::bigint), 1) <= 0
                FROM jsonb_array_elements(NEW.parts) AS p (part)
            ) THEN
                RAISE EXCEPTION '% is not the sum of its parts', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'order_event_of_its_parts';
            END IF;
            RETURN NULL;
        """,
    )


def event_within_order() -> pgtrigger.Trigger:
    """Return a trigger of shipments and cancellations by which these come to no more than their order does.

    The order is locked before they are added up, so that two cannot both take the last of it.
    """
    return pgtrigger.Trigger(
        name="within_order",
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        func="""
            PERFORM FROM checkout_order AS o WHERE o.id = NEW.order_id FOR NO KEY UPDATE;
            IF NOT EXISTS (
                SELECT FROM checkout_order AS o
                WHERE o.id = NEW.order_id AND o.total_minor >= (
                    SELECT coalesce(sum(e.amount_minor), 0) FROM checkout_shipment AS e WHERE e.order_id = o.id
                ) + (
                    SELECT coalesce(sum(e.amount_minor), 0) FROM checkout_cancellation AS e WHERE e.order_id = o.id
                )
            ) THEN
                RAISE EXCEPTION '% is more than is left of its order', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'order_event_within_order';
            END IF;
            RETURN NULL;
        """,
    )


def line_counts_events() -> pgtrigger.Trigger:
    """Return a trigger by which, at COMMIT, a line has counted its shipments, cancellations and returns, no more."""
    return pgtrigger.Trigger(
        name="counts_events",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("shipped", "canceled", "returned"),  # type: ignore[no-untyped-call]
        timing=pgtrigger.Deferred,
        func="""
            -- Most lines are new, and nothing has become of them.
            IF TG_OP = 'INSERT' AND (NEW.shipped, NEW.canceled, NEW.returned) = (0, 0, 0) THEN
                RETURN NULL;
            END IF;
            IF EXISTS (
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
            ) THEN
                RAISE EXCEPTION 'line % counts other units than were shipped, canceled and returned', NEW.id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'orderline_counts_events';
            END IF;
            RETURN NULL;
        """,
    )
