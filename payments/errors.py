"""Refusals of the payments package."""

from exactly_once.errors import InvalidInput, NotFound, Refused, TallyError, TryLater


class PaymentNotFound(NotFound):
    """No such intent, attempt or refund."""


class InvalidParts(InvalidInput):
    """Parts that do not make up the payment that they are said to be of."""


class PaymentRefused(Refused):
    """The payment's state does not allow this."""


class PspUnavailable(TryLater):
    """No PSP that could take the payment answers at the moment. Nothing was asked of any."""


class PaymentDeclined(TallyError):
    """The PSP said no. HTTP 402; ``extra`` carries the normalised ``decline_reason``."""


class BadSignature(TallyError):
    """A webhook whose signature does not fit its bytes. HTTP 400; nothing is stored."""
