"""Triggers that hold a payment's parts to its sum, and a refund's to what is left of each."""

import pgtrigger

from exactly_once.triggers import row_check
from payments.states import LIVE_ATTEMPT_STATES

_LIVE = ", ".join(f"'{state}'" for state in LIVE_ATTEMPT_STATES)


def attempt_is_made_of_parts() -> pgtrigger.Trigger:
    """Return a trigger by which an intent's parts, where it has any, add up to what an attempt asks for.

    A surplus asked for nothing. The intent is locked, so that nobody changes parts meanwhile.
    """
    return row_check(
        name="made_of_parts",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("amount_minor", "intent_id"),  # type: ignore[no-untyped-call]
        first="PERFORM FROM payments_paymentintent AS i WHERE i.id = NEW.intent_id FOR NO KEY UPDATE;",
        fails_if="""NEW.state <> 'surplus' AND EXISTS (
                SELECT FROM payments_intentpart AS p
                WHERE p.intent_id = NEW.intent_id
                HAVING sum(p.amount_minor) <> NEW.amount_minor
            )""",
        says="attempt % is not of the sum of its parts",
        about="NEW.uuid",
        constraint="payment_attempt_made_of_parts",
    )


def part_is_frozen() -> pgtrigger.Trigger:
    """Return a trigger by which an intent's parts stay as they are while, and once, it is paid for.

    The intent is locked, so that no attempt begins meanwhile.
    """
    return pgtrigger.Trigger(
        name="frozen",
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            PERFORM FROM payments_paymentintent AS i
            WHERE i.id IN (OLD.intent_id, NEW.intent_id) ORDER BY i.id FOR NO KEY UPDATE;
            IF EXISTS (
                SELECT FROM payments_attempt AS a
                WHERE a.intent_id IN (OLD.intent_id, NEW.intent_id) AND a.state IN ({_LIVE})
            ) THEN
                RAISE EXCEPTION 'what is being paid for cannot change'
                    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME,
                        CONSTRAINT = 'payment_part_frozen';
            END IF;
            RETURN NULL;
        """,
    )


def share_is_within_part() -> pgtrigger.Trigger:
    """Return a trigger by which refunds pay back of a part no more than it is, and of their own payment only.

    The part is locked before its shares are added up, so that two refunds cannot both take the last of it.
    """
    return row_check(
        name="within_part",
        operation=pgtrigger.Insert,
        first="PERFORM FROM payments_intentpart AS p WHERE p.id = NEW.part_id FOR NO KEY UPDATE;",
        fails_if="""NOT EXISTS (
                SELECT FROM payments_intentpart AS p
                INNER JOIN payments_attempt AS a ON a.intent_id = p.intent_id
                INNER JOIN payments_refund AS r ON r.attempt_id = a.id
                WHERE p.id = NEW.part_id AND r.id = NEW.refund_id AND p.amount_minor >= (
                    SELECT sum(s.amount_minor) FROM payments_refundpart AS s
                    INNER JOIN payments_refund AS o ON o.id = s.refund_id
                    WHERE s.part_id = NEW.part_id AND o.state NOT IN ('failed', 'canceled')
                )
            )""",
        says="part % has less left than that",
        about="NEW.part_id",
        constraint="payment_refund_within_part",
    )


def refund_has_its_shares() -> pgtrigger.Trigger:
    """Return a trigger of refunds by which, at COMMIT, a refund's shares add up to it where its payment has parts.

    What goes back of a surplus was for nothing: it has no shares.
    """
    changed = pgtrigger.Insert | pgtrigger.UpdateOf("amount_minor", "attempt_id")  # type: ignore[no-untyped-call]
    return _shares_add_up(column="id", operation=changed)


def share_makes_up_refund() -> pgtrigger.Trigger:
    """Return the same trigger for shares that come later."""
    return _shares_add_up(column="refund_id", operation=pgtrigger.Insert)


def _shares_add_up(*, column: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    return row_check(
        name="shares_add_up",
        operation=operation,
        timing=pgtrigger.Deferred,
        declare=[("refund", f"bigint := NEW.{column}")],
        fails_if="""EXISTS (
                SELECT FROM payments_refund AS r
                INNER JOIN payments_attempt AS a ON a.id = r.attempt_id
                WHERE r.id = refund AND (
                    SELECT coalesce(sum(s.amount_minor), 0) FROM payments_refundpart AS s WHERE s.refund_id = r.id
                ) <> CASE
                    WHEN a.state <> 'surplus'
                        AND EXISTS (SELECT FROM payments_intentpart AS p WHERE p.intent_id = a.intent_id)
                        THEN r.amount_minor
                    ELSE 0
                END
            )""",
        says="refund % is not the sum of its shares",
        about="refund",
        constraint="payment_refund_shares_add_up",
    )
