"""The trigger that ties refunds to what their attempt counts as paid back."""

import pgtrigger


def refund_is_counted() -> pgtrigger.Trigger:
    """Return a trigger by which an attempt's refunds come to no more than it counts, in its currency, whoever asks.

    The count is held below the capture by a CHECK. Whoever counts locks the attempt, so sums need no lock of theirs.
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
                    WHERE r.attempt_id = NEW.attempt_id AND r.state <> 'failed'
                )
            ) THEN
                RAISE EXCEPTION 'refund % is not counted by its attempt', NEW.public_id
                    USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'payment_refund_counted';
            END IF;
            RETURN NULL;
        """,
    )
