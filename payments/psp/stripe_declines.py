"""Stripe's decline codes in our words (Stripe's docs, "Decline codes" and "Error codes")."""

from payments.psp.outcomes import DeclineReason

R = DeclineReason

_REASONS: dict[DeclineReason, str] = {
    R.CARD_DECLINED: "card_declined",
    R.INSUFFICIENT_FUNDS: "insufficient_funds",
    R.LIMIT_EXCEEDED: "card_velocity_exceeded invalid_amount withdrawal_count_limit_exceeded pin_try_exceeded",
    R.EXPIRED_CARD: "expired_card",
    R.INCORRECT_DETAILS: (
        "incorrect_address incorrect_cvc incorrect_number incorrect_pin incorrect_zip invalid_account invalid_cvc"
        " invalid_expiry_month invalid_expiry_year invalid_number invalid_pin new_account_information_available"
    ),
    R.NOT_SUPPORTED: (
        "card_not_supported currency_not_supported not_permitted service_not_allowed transaction_not_allowed"
    ),
    R.AUTHENTICATION_REQUIRED: (
        "authentication_required mobile_device_authentication_required offline_pin_required"
        " online_or_offline_pin_required"
    ),
    R.AUTHENTICATION_FAILED: "payment_intent_authentication_failure authentication_not_handled",
    R.DUPLICATE: "duplicate_transaction",
    R.PROCESSING_ERROR: "issuer_not_available processing_error reenter_transaction try_again_later",
    R.INVALID_PAYMENT_METHOD: "resource_missing payment_method_unactivated payment_method_unexpected_state",
    R.WRONG_STATE: "payment_intent_unexpected_state charge_already_captured charge_already_refunded",
}
_REASON_OF_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes.split()}

# After these the same card may work later, or at another PSP. Everything else is hard: the networks fine merchants who
# try a card again after its bank has said "never" (lost, stolen, closed, fraud, authorisation revoked).
_SOFT = frozenset(
    {
        "approve_with_id",
        "authentication_required",
        "call_issuer",
        "card_velocity_exceeded",
        "do_not_honor",
        "generic_decline",
        "insufficient_funds",
        "issuer_not_available",
        "no_action_taken",
        "processing_error",
        "reenter_transaction",
        "try_again_later",
        "withdrawal_count_limit_exceeded",
    }
)


def reason_of(*, code: str, otherwise: DeclineReason = DeclineReason.CARD_DECLINED) -> DeclineReason:
    """Return our word for a ``decline_code``, or for a ``code`` where there is no such."""
    return _REASON_OF_CODE.get(code, otherwise)


def is_soft(*, code: str) -> bool:
    """Whether another try, later or elsewhere, may get a yes."""
    return code in _SOFT
