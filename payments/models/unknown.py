"""The attempts that nobody knows the outcome of, as a list of its own for people."""

from payments.models.intent import Attempt


class UnknownAttempt(Attempt):
    """An attempt, listed while its outcome is unknown."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = "unknown outcome"
