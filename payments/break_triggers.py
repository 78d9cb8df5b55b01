"""Triggers that tie breaks to the refunds that end them."""

import pgtrigger

from exactly_once.triggers import row_check


def of_what_is_in_suspense() -> pgtrigger.Trigger:
    """Return a trigger by which a break's refund is all that the break has in suspense for us, whoever asks."""
    return row_check(
        name="of_suspense",
        operation=pgtrigger.Insert,
        fails_if="""NOT EXISTS (
                SELECT FROM payments_break AS b
                WHERE
                    b.id = NEW.about_id AND b.state = 'open' AND b.in_suspense AND b.received
                    AND b.amount_minor = NEW.amount_minor AND b.currency = NEW.currency
                    AND b.psp = NEW.psp AND b.psp_account = NEW.psp_account
            )""",
        says="refund % is not what its break has in suspense",
        about="NEW.public_id",
        constraint="payment_break_refund_of_suspense",
    )


def refunded_once_paid() -> pgtrigger.Trigger:
    """Return a trigger by which a break ends as refunded if the PSP has paid, and not otherwise while it may pay.

    Only the PSP's own news may replace it meanwhile. Whoever writes either row has locked the break.
    """
    return row_check(
        name="refunded_once_paid",
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition("OLD.state = 'open' AND NEW.state = 'resolved'"),
        fails_if="""EXISTS (
                SELECT FROM payments_breakrefund AS r WHERE r.about_id = NEW.id AND r.state = 'succeeded'
            ) <> (NEW.resolution = 'refunded')
            OR (
                NEW.resolution <> 'superseded' AND EXISTS (
                    SELECT FROM payments_breakrefund AS r
                    WHERE r.about_id = NEW.id AND r.state IN ('pending', 'requires_action')
                )
            )""",
        says="break % is not % by what became of its refund",
        about="NEW.public_id, NEW.resolution",
        constraint="payment_break_refunded_once_paid",
    )
