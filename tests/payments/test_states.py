"""The transition table of attempts, as pure data."""

import itertools

import pytest

from payments.state_machines import ATTEMPT, Step, step
from payments.states import AttemptState

A = AttemptState
CLOSED_WITHOUT_MONEY = (A.DECLINED, A.FAILED_NOT_SENT, A.VOIDED, A.EXPIRED)


@pytest.mark.parametrize(("current", "news"), list(itertools.product(AttemptState, AttemptState)))
def test_every_pair_of_states_is_judged(current: AttemptState, news: AttemptState) -> None:
    # When
    verdict = step(current=current, news=news)
    # Then
    if ATTEMPT.allows(current, news) and (news is not A.UNKNOWN or current is A.SUBMITTED):
        assert verdict is Step.APPLY
    elif (current in CLOSED_WITHOUT_MONEY and news is A.CAPTURED) or (
        current in (A.DECLINED, A.FAILED_NOT_SENT) and news is A.AUTHORIZED
    ):
        assert verdict is Step.CONTRADICTION
    else:
        assert verdict is Step.STALE


def test_unknown_never_becomes_not_sent() -> None:
    assert not ATTEMPT.allows(A.UNKNOWN, A.FAILED_NOT_SENT)


def test_captured_is_final() -> None:
    assert A.CAPTURED in ATTEMPT.finals


NEWS = (A.REQUIRES_ACTION, A.AUTHORIZED, A.CAPTURED)


@pytest.mark.parametrize("order", list(itertools.permutations(NEWS)))
def test_any_order_of_one_payments_news_ends_captured(order: tuple[AttemptState, ...]) -> None:
    # Given an attempt that has just been submitted
    state = A.SUBMITTED
    # When the same news comes in any order, each piece twice
    for news in (*order, *order):
        verdict = step(current=state, news=news)
        assert verdict is not Step.CONTRADICTION
        if verdict is Step.APPLY:
            state = news
    # Then
    assert state is A.CAPTURED
