"""People who sign in to the admin, and the codes that their apps show."""

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

PASSWORD = "correct horse battery"
LOGIN = "/admin/login/"


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", password=PASSWORD)


@pytest.fixture
def second_factor_on(settings: Settings) -> None:
    settings.ADMIN_SECOND_FACTOR = True


@pytest.fixture
def device(boss: User) -> TOTPDevice:
    return TOTPDevice.objects.create(user=boss, name="app", confirmed=True)


@pytest.fixture
def give_password(boss: User) -> Callable[[], Client]:
    def give() -> Client:
        client = Client()
        client.post(LOGIN, {"username": "boss", "password": PASSWORD, "next": "/admin/"})
        return client

    return give


def shown_by_app(device: TOTPDevice, *, steps: int = 0) -> str:
    """Return the code that the app shows now, or so many steps of 30 seconds later."""
    totp = TOTP(device.bin_key)
    totp.time = time.time() + steps * 30
    return f"{totp.token():06d}"
