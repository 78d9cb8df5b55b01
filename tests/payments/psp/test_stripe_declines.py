"""What a decline means, whichever PSP spoke it."""

import pytest

from payments.psp.outcomes import DeclineReason
from payments.psp.stripe_declines import is_soft, reason_of


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "pickup_card", "merchant_blacklist"])
def test_whoever_holds_a_reported_card_is_not_told_so_and_it_is_not_tried_again(code: str) -> None:
    assert (reason_of(code=code), is_soft(code=code)) == (DeclineReason.CARD_DECLINED, False)


@pytest.mark.parametrize(
    ("code", "reason", "soft"),
    [
        ("insufficient_funds", DeclineReason.INSUFFICIENT_FUNDS, True),
        ("generic_decline", DeclineReason.CARD_DECLINED, True),
        ("expired_card", DeclineReason.EXPIRED_CARD, False),
        ("incorrect_cvc", DeclineReason.INCORRECT_DETAILS, False),
        ("card_velocity_exceeded", DeclineReason.LIMIT_EXCEEDED, True),
        ("processing_error", DeclineReason.PROCESSING_ERROR, True),
        ("authentication_required", DeclineReason.AUTHENTICATION_REQUIRED, True),
        ("a_code_of_tomorrow", DeclineReason.CARD_DECLINED, False),
    ],
)
def test_a_code_has_one_meaning(code: str, reason: DeclineReason, soft: bool) -> None:
    assert (reason_of(code=code), is_soft(code=code)) == (reason, soft)
