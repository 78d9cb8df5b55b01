"""Fixtures that many tests of payments share."""

from uuid import UUID

import pytest

from payments.psp.outcomes import Approved
from tests.payments.holding import EUR, begin, news


@pytest.fixture
def attempt() -> UUID:
    """A payment of EUR 12.90 that a PSP was asked for."""
    return begin(captures_at_once=True)


@pytest.fixture
def paid(attempt: UUID) -> UUID:
    """The same, once ``pi_1`` has taken the money."""
    news(attempt, Approved("pi_1", captured=True, money=EUR))
    return attempt
