"""Every row lock of this package."""

from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice


def lock_user(*, user_id: int) -> User:
    """Lock a user: enrolments of one person are made one after the other."""
    return User.objects.select_for_update().get(pk=user_id)


def lock_device(*, user_id: int, confirmed: bool = True) -> TOTPDevice | None:
    """Lock the device of a user, so that two requests cannot use one code."""
    devices = TOTPDevice.objects.select_for_update().filter(user_id=user_id, confirmed=confirmed)
    found: TOTPDevice | None = devices.order_by("pk").first()
    return found
