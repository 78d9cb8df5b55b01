"""Adyen's refusal reasons in our words, by number and by text, and which are worth another try."""

import pytest

from payments.psp.adyen_declines import is_soft, reason_of


@pytest.mark.parametrize(
    ("code", "text", "reason", "soft"),
    [
        ("2", "Refused", "card_declined", True),
        ("4", "Acquirer Error", "processing_error", True),
        ("5", "Blocked Card", "card_declined", False),
        ("6", "Expired Card", "expired_card", False),
        ("9", "Issuer Unavailable", "processing_error", True),
        ("11", "3D Not Authenticated", "authentication_failed", False),
        ("12", "Not enough balance", "insufficient_funds", True),
        ("20", "FRAUD", "card_declined", False),
        ("24", "CVC Declined", "incorrect_details", False),
        ("26", "Revocation Of Auth", "card_declined", False),
        ("29", "Withdrawal count exceeded", "limit_exceeded", True),
        ("38", "Authentication required", "authentication_required", True),
        ("46", "Transaction blocked by Adyen to prevent excessive retry fees", "card_declined", False),
    ],
)
def test_a_reason_is_the_same_by_number_and_by_text(code: str, text: str, reason: str, soft: bool) -> None:
    assert (reason_of(code), is_soft(code)) == (reason, soft)
    assert (reason_of(text), is_soft(text)) == (reason, soft)
    assert (reason_of(text.upper()), is_soft(text.upper())) == (reason, soft)


@pytest.mark.parametrize("told", ["", "999", "Of tomorrow"])
def test_what_adyen_has_not_said_before_is_a_hard_no(told: str) -> None:
    assert (reason_of(told), is_soft(told)) == ("card_declined", False)
