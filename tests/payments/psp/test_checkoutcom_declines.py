"""What a decline at Checkout.com means in the words of every PSP."""

import pytest

from payments.psp.checkoutcom_declines import is_soft, reason_of
from payments.psp.outcomes import DeclineReason


@pytest.mark.parametrize("code", ["30041", "30043", "30034", "30046", "20059", "20062", "20063", "20183", "40101"])
def test_whoever_holds_a_reported_card_is_not_told_so_and_it_is_not_tried_again(code: str) -> None:
    assert (reason_of(code=code), is_soft(code=code)) == (DeclineReason.CARD_DECLINED, False)


@pytest.mark.parametrize("code", ["20012", "20014", "20057", "200R1", "200R3"])
def test_what_visa_says_will_never_be_approved_is_hard_though_it_begins_with_20(code: str) -> None:
    assert not is_soft(code=code)


@pytest.mark.parametrize(
    ("code", "reason", "soft"),
    [
        ("20051", DeclineReason.INSUFFICIENT_FUNDS, True),
        ("20005", DeclineReason.CARD_DECLINED, True),
        ("20054", DeclineReason.EXPIRED_CARD, False),
        ("20087", DeclineReason.INCORRECT_DETAILS, False),
        ("20065", DeclineReason.LIMIT_EXCEEDED, True),
        ("20091", DeclineReason.PROCESSING_ERROR, True),
        ("20154", DeclineReason.AUTHENTICATION_REQUIRED, True),
        ("20151", DeclineReason.AUTHENTICATION_FAILED, False),
        # Under way, they say: not a moment to ask somebody else for the same money.
        ("20009", DeclineReason.PROCESSING_ERROR, False),
        ("20118", DeclineReason.PROCESSING_ERROR, False),
        ("token_used", DeclineReason.INVALID_PAYMENT_METHOD, False),
        ("29999", DeclineReason.CARD_DECLINED, False),
        ("", DeclineReason.CARD_DECLINED, False),
    ],
)
def test_a_code_has_one_meaning(code: str, reason: DeclineReason, soft: bool) -> None:
    assert (reason_of(code=code), is_soft(code=code)) == (reason, soft)


def test_what_nobody_knows_is_what_the_caller_says() -> None:
    assert reason_of(code="a_code_of_tomorrow", otherwise=DeclineReason.WRONG_STATE) is DeclineReason.WRONG_STATE
