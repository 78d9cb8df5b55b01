"""The second factor: an authenticator app's codes (RFC 6238), and recovery codes for whoever lost the phone.

Drift, replay and throttling of the app's codes are django-otp's matter; a recovery code shares their throttle.
"""

import secrets
from base64 import b32encode
from datetime import datetime

import django_otp
from django.conf import settings
from django.http import HttpRequest
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_subatomic.db import transaction

from config.staff.locks import lock_device, lock_user
from config.staff.models import RecoveryCode, hash_code

RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10  # 80 bits
APP_CODE_LENGTH = 6


def passed(request: HttpRequest) -> bool:
    """Return whether this session has shown a second factor, or need not."""
    # Set by django-otp's middleware, from what `remember` has noted; not there in the request that signs in.
    return not settings.ADMIN_SECOND_FACTOR or getattr(request.user, "otp_device", None) is not None


def is_enrolled(*, user_id: int) -> bool:
    """Return whether the user has a confirmed device."""
    return bool(TOTPDevice.objects.filter(user_id=user_id, confirmed=True).exists())


@transaction
def begin_enrolment(*, user_id: int) -> TOTPDevice:
    """Return the user's device that waits for its first code; it is the same until then."""
    lock_user(user_id=user_id)
    device: TOTPDevice
    device, _ = TOTPDevice.objects.get_or_create(user_id=user_id, confirmed=False, defaults={"name": "app"})
    return device


@transaction
def finish_enrolment(*, user_id: int, code: str, now: datetime) -> tuple[TOTPDevice, list[str]] | None:
    """Confirm the waiting device by a code of it; return it with the recovery codes, None where the code is wrong."""
    user = lock_user(user_id=user_id)
    device = lock_device(user_id=user_id, confirmed=False)
    if device is None or is_enrolled(user_id=user_id) or not device.verify_token(_typed(code)):
        return None
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    RecoveryCode.objects.filter(user=user).delete()
    codes = [b32encode(secrets.token_bytes(RECOVERY_CODE_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user=user, code_hash=hash_code(each), created_at=now) for each in codes
    )
    return device, ["-".join(each[start : start + 4] for start in range(0, len(each), 4)) for each in codes]


def verify(*, user_id: int, code: str, now: datetime) -> TOTPDevice | None:
    """Return the user's device where the code is the app's or an unused recovery code; None otherwise, or too soon."""
    return _by_app(user_id, _typed(code)) if len(_typed(code)) == APP_CODE_LENGTH else _by_recovery(user_id, code, now)


@transaction
def reset(*, user_id: int) -> bool:
    """Forget a user's device and recovery codes, so that the next sign-in enrols; return whether any was."""
    lock_user(user_id=user_id)
    RecoveryCode.objects.filter(user_id=user_id).delete()
    forgotten, _ = TOTPDevice.objects.filter(user_id=user_id).delete()
    return bool(forgotten)


def _typed(code: str) -> str:
    return "".join(code.split())


@transaction
def _by_app(user_id: int, code: str) -> TOTPDevice | None:
    device = lock_device(user_id=user_id)
    return device if device is not None and device.verify_token(code) else None


@transaction
def _by_recovery(user_id: int, code: str, now: datetime) -> TOTPDevice | None:
    device = lock_device(user_id=user_id)
    if device is None or not device.verify_is_allowed()[0]:
        return None
    fitting = RecoveryCode.objects.filter(user_id=user_id, code_hash=hash_code(code), used_at=None)
    if fitting.update(used_at=now) != 1:
        device.throttle_increment()
        return None
    device.throttle_reset()
    return device


def remember(request: HttpRequest, device: TOTPDevice) -> None:
    """Note in the session, under a new key, that its user has shown the second factor."""
    request.session.cycle_key()
    django_otp.login(request, device)


def secret_of(device: TOTPDevice) -> str:
    """Return the secret as apps take it where no camera is at hand, in groups of four."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
