"""Triggers that tie captures and refunds to what their attempt counts."""

import pgtrigger

from exactly_once.triggers import row_check


def refund_is_counted() -> pgtrigger.Trigger:
    """Return a trigger by which an attempt's refunds come to no more than it counts, in its currency, whoever asks.

    The count is held below the capture by a CHECK. Whoever counts locks the attempt, so sums need no lock of theirs. A
    new refund takes nothing that a buyer's bank has taken.
    """
    return row_check(
        name="counted",
        operation=pgtrigger.Insert | pgtrigger.Update,
        fails_if="""NOT EXISTS (
                SELECT FROM payments_attempt AS a
                WHERE a.id = NEW.attempt_id AND a.currency = NEW.currency AND a.refunded_minor >= (
                    SELECT coalesce(sum(r.amount_minor), 0) FROM payments_refund AS r
                    WHERE r.attempt_id = NEW.attempt_id AND r.state NOT IN ('failed', 'canceled')
                ) AND (TG_OP <> 'INSERT' OR a.refunded_minor + a.disputed_minor <= a.captured_minor)
            )""",
        says="refund % is not counted by its attempt",
        about="NEW.public_id",
        constraint="payment_refund_counted",
    )


def capture_is_counted() -> pgtrigger.Trigger:
    """Return a trigger by which captures come to no more than their attempt counts as taken, or could still take.

    In the attempt's currency, whoever asks. Whoever counts locks the attempt, so sums need no lock of theirs.
    """
    return row_check(
        name="counted",
        operation=pgtrigger.Insert | pgtrigger.Update,
        fails_if="""NOT EXISTS (
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
            )""",
        says="capture % is not counted by its attempt",
        about="NEW.public_id",
        constraint="payment_capture_counted",
    )
