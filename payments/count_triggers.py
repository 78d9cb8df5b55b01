"""Triggers that tie captures and refunds to what their attempt counts."""

import pgtrigger


def refund_is_counted() -> pgtrigger.Trigger:
    """Return a trigger by which an attempt's refunds come to no more than it counts, in its currency, whoever asks.

    The count is held below the capture by a CHECK. Whoever counts locks the attempt, so sums need no lock of theirs. A
    new refund takes nothing that a buyer's bank has taken.
    """
    return pgtrigger.Trigger(
        name="counted",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func="""
            IF NOT EXISTS (
                SELECT FROM payments_attempt AS a
                WHERE a.id = NEW.attempt_id AND a.currency = NEW.currency AND a.refunded_minor >= (
                    SELECT coalesce(sum(r.amount_minor), 0) FROM payments_refund AS r
                    WHERE r.attempt_id = NEW.attempt_id AND r.state NOT IN ('failed', 'canceled')
                ) AND (TG_OP <> 'INSERT' OR a.refunded_minor + a.disputed_minor <= a.captured_minor)
            ) THEN
                RAISE EXCEPTION 'refund % is not counted by its attempt', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'payment_refund_counted';
            END IF;
            RETURN NULL;
        """,
    )


def capture_is_counted() -> pgtrigger.Trigger:
    """Return a trigger by which captures come to no more than their attempt counts as taken, or could still take.

    In the attempt's currency, whoever asks. Whoever counts locks the attempt, so sums need no lock of theirs.
    """
    return pgtrigger.Trigger(
        name="counted",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update,
        func="""
            IF NOT EXISTS (
                SELECT FROM payments_attempt AS a
                CROSS JOIN LATERAL (
                    SELECT
                        coalesce(sum(c.amount_minor), 0) AS asked,
                        coalesce(sum(c.amount_minor) FILTER (WHERE c.state = 'succeeded'), 0) AS taken
                    FROM payments_capture AS c
                    WHERE c.attempt_id = a.id AND c.state <> 'failed'
                ) AS s
                WHERE
                    a.id = NEW.attempt_id AND a.currency = NEW.currency
                    AND s.taken <= a.captured_minor AND s.asked <= a.amount_minor
            ) THEN
                RAISE EXCEPTION 'capture % is not counted by its attempt', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'payment_capture_counted';
            END IF;
            RETURN NULL;
        """,
    )
