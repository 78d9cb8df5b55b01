"""Checkout.com's codes in our words.

From its documentation: "API response codes" (five characters: a bank's, or its own risk engine's) and "Error codes" (of
requests that it does not take).
"""

from payments.psp.outcomes import DeclineReason

R = DeclineReason

_REASONS: dict[DeclineReason, str] = {
    R.INSUFFICIENT_FUNDS: "20051",
    R.LIMIT_EXCEEDED: "20013 20038 20061 20065 20075 20121 200P1 200P9 30020 30021 30022 30038",
    R.EXPIRED_CARD: "20054 30033 card_expired",
    R.INCORRECT_DETAILS: (
        "20014 20055 20056 20082 20087 20100 20107 20108 20123 20124 20179 20193 200N7 2006P 30015 cvv_invalid"
    ),
    R.NOT_SUPPORTED: (
        "2005C 20031 20040 20057 20058 20103 20106 20122 20156 200T3 30016 30017 30018 30019 30044 30045"
        " currency_invalid payment_type_invalid 3ds_not_supported"
    ),
    R.AUTHENTICATION_REQUIRED: "20154 200O5 3ds_payment_required",
    R.AUTHENTICATION_FAILED: "20150 20151 20152 20155 3ds_not_enabled_for_card",
    R.DUPLICATE: "20094",
    R.PROCESSING_ERROR: (
        "20009 20019 20020 20022 20028 20030 20068 20086 20088 20089 20090 20091 20092 20096 20098 20099 20104 20105"
        " 20118 20153 3ds_malfunction issuer_network_unavailable processing_error service_unavailable"
    ),
    R.INVALID_PAYMENT_METHOD: (
        "20101 20114 card_disabled card_not_found payment_method_invalid source_id_invalid source_id_unknown"
        " source_invalid source_token_invalid token_expired token_in_use token_invalid token_used"
    ),
    R.INVALID_REQUEST: "20003 20006 20102 20112 20113 20115 20116 20117 20119 20120 20157",
    R.WRONG_STATE: (
        "20109 20110 20111 20158 action_failure_limit_exceeded amount_exceeds_balance"
        " capture_value_greater_than_authorized capture_value_greater_than_remaining_authorized payment_expired"
        " payment_invalid void_amount_invalid"
    ),
}
_REASON_OF_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes.split()}

# After these the same card may work later, or at another PSP. Checkout.com calls everything that begins with 20 soft;
# we do not: among them are Visa's "will never approve" (20012, 20014, 20057, 200R1, 200R3), suspected fraud, and what
# only another card or other details mend, and the networks fine merchants who try such a card again.
_SOFT_CODES = (
    "20001 20002 20005 20019 20021 20022 20028 20030 20046 20051 20061 20065 20068 20090 20091 20092 20096 20098 20099"
    " 20104 20105 20121 20153 20154 200P1"
)
_SOFT = frozenset(_SOFT_CODES.split())


def reason_of(*, code: str, otherwise: DeclineReason = DeclineReason.CARD_DECLINED) -> DeclineReason:
    """Return our word for a response code or an error code."""
    return _REASON_OF_CODE.get(code, otherwise)


def is_soft(*, code: str) -> bool:
    """Whether another try, later or elsewhere, may get a yes."""
    return code in _SOFT
