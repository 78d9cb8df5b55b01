"""Adyen's refusal reasons in our words (Adyen's docs, "Refusal reasons"): by number in replies, by text in webhooks."""

from payments.psp.outcomes import DeclineReason

R = DeclineReason

_REASONS: dict[DeclineReason, str] = {
    R.CARD_DECLINED: (
        "2 Refused; 3 Referral; 5 Blocked Card; 14 Acquirer Fraud; 20 FRAUD; 22 FRAUD-CANCELLED; 25 Restricted Card;"
        " 26 Revocation Of Auth; 27 Declined Non Generic; 31 Issuer Suspected Fraud;"
        " 46 Transaction blocked by Adyen to prevent excessive retry fees"
    ),
    R.INSUFFICIENT_FUNDS: "12 Not enough balance",
    R.LIMIT_EXCEEDED: (
        "7 Invalid Amount; 18 Pin tries exceeded; 28 Withdrawal amount exceeded; 29 Withdrawal count exceeded"
    ),
    R.EXPIRED_CARD: "6 Expired Card",
    R.INCORRECT_DETAILS: (
        "8 Invalid Card Number; 17 Invalid Pin; 19 Pin validation not possible; 24 CVC Declined; 32 AVS Declined"
    ),
    R.NOT_SUPPORTED: (
        "10 Not supported; 23 Transaction Not Permitted; 34 No checking account available on Card;"
        " 35 No savings account available on Card"
    ),
    R.AUTHENTICATION_REQUIRED: (
        "33 Card requires online pin; 36 Mobile pin required; 38 Authentication required; 43 Online PIN required"
    ),
    R.AUTHENTICATION_FAILED: (
        "11 3D Not Authenticated; 15 Cancelled; 16 Shopper Cancelled; 39 RReq not received from DS;"
        " 42 3DS Authentication Error"
    ),
    R.PROCESSING_ERROR: "4 Acquirer Error; 9 Issuer Unavailable; 21 Not Submitted",
}
_NAMED = [(reason, each.strip().partition(" ")) for reason, all_ in _REASONS.items() for each in all_.split(";")]
_REASON_OF = {word: reason for reason, (code, _, text) in _NAMED for word in (code, text.lower())}

# After these the same card may work later, or at another PSP. Everything else is hard: the networks fine merchants who
# try a card again after its bank has said "never" (stolen, closed, fraud, authorisation revoked).
_SOFT_CODES = frozenset({"2", "3", "4", "9", "12", "21", "28", "29", "38", "39", "42"})
_SOFT = _SOFT_CODES | {text.lower() for _, (code, _, text) in _NAMED if code in _SOFT_CODES}


def reason_of(told: str) -> DeclineReason:
    """Return our word for a ``refusalReasonCode``, or for a reason in text."""
    return _REASON_OF.get(told.lower(), DeclineReason.CARD_DECLINED)


def is_soft(told: str) -> bool:
    """Whether another try, later or elsewhere, may get a yes."""
    return told.lower() in _SOFT
