"""A password alone does not open the admin."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.staff import second_factor
from config.staff.models import RecoveryCode, hash_code
from tests.staff.conftest import shown_by_app

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("second_factor_on"),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CODE, ENROL = "/admin/second-factor/", "/admin/second-factor/enrol/"


@pytest.fixture(autouse=True)
def noon() -> object:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def opens(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def enrolled(client: Client) -> list[str]:
    """Enrol, and return the recovery codes."""
    client.get(ENROL)
    page = client.post(ENROL, {"code": shown_by_app(TOTPDevice.objects.get())}).content.decode()
    return re.findall(r"<li>([A-Z2-7-]{19})</li>", page)


@pytest.mark.parametrize(
    "address", ["/admin/", "/admin/auth/user/", "/admin/payments/break/", "/admin/password_change/"]
)
def test_who_has_no_device_reaches_enrolment_and_nothing_else(
    give_password: Callable[[], Client], address: str
) -> None:
    client = give_password()

    response = client.get(address, follow=True)

    assert response.redirect_chain[-1][0].split("?")[0] == ENROL
    assert "second_factor_enrol" in str(response.resolver_match)


def test_a_stranger_reaches_neither_page(boss: User) -> None:
    for address in (CODE, ENROL):
        assert Client().get(address).headers["Location"] == "/admin/login/"


def test_enrolment_shows_the_secret_as_a_picture_and_as_text(give_password: Callable[[], Client]) -> None:
    client = give_password()

    page = client.get(ENROL).content.decode()

    device = TOTPDevice.objects.get()
    assert "<svg" in page
    assert second_factor.secret_of(device) in page
    assert device.confirmed is False
    assert client.get(ENROL).content.decode().count(second_factor.secret_of(device)) == 1


def test_the_apps_first_code_ends_the_enrolment_and_shows_the_recovery_codes_once(
    give_password: Callable[[], Client],
) -> None:
    client = give_password()

    codes = enrolled(client)

    assert len(set(codes)) == 10
    assert {row.code_hash for row in RecoveryCode.objects.all()} == {hash_code(code) for code in codes}
    assert not any(code in client.get("/admin/second-factor/enrol/", follow=True).content.decode() for code in codes)
    assert opens(client)


def test_a_wrong_first_code_enrols_nothing(give_password: Callable[[], Client]) -> None:
    client = give_password()
    client.get(ENROL)
    device = TOTPDevice.objects.get()

    client.post(ENROL, {"code": shown_by_app(device, steps=5)})

    assert TOTPDevice.objects.get().confirmed is False
    assert RecoveryCode.objects.count() == 0
    assert not opens(client)


def test_who_is_enrolled_cannot_be_enrolled_anew_by_a_password(
    give_password: Callable[[], Client], device: TOTPDevice
) -> None:
    client = give_password()

    assert client.get(ENROL).headers["Location"] == CODE
    assert second_factor.finish_enrolment(user_id=device.user_id, code="123456", now=NOW) is None
    assert TOTPDevice.objects.count() == 1


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(
    give_password: Callable[[], Client], device: TOTPDevice, steps: int, good: bool
) -> None:
    client = give_password()

    client.post(CODE, {"code": shown_by_app(device, steps=steps)})

    assert opens(client) is good


def test_a_code_is_good_once(give_password: Callable[[], Client], device: TOTPDevice) -> None:
    code = shown_by_app(device)
    first, second = give_password(), give_password()

    first.post(CODE, {"code": code})
    second.post(CODE, {"code": code})

    assert (opens(first), opens(second)) == (True, False)


def test_after_a_wrong_code_the_right_one_has_to_wait(
    give_password: Callable[[], Client], device: TOTPDevice, noon: time_machine.Traveller
) -> None:
    client = give_password()
    client.post(CODE, {"code": "000000"})

    client.post(CODE, {"code": shown_by_app(device)})
    too_soon = opens(client)
    noon.shift(1)
    client.post(CODE, {"code": shown_by_app(device)})

    assert (too_soon, opens(client)) == (False, True)


def test_a_recovery_code_is_good_once_however_it_is_typed(give_password: Callable[[], Client]) -> None:
    code = enrolled(give_password())[3]
    first, second = give_password(), give_password()

    first.post(CODE, {"code": f" {code.lower().replace('-', ' ')} "})
    second.post(CODE, {"code": code})

    assert (opens(first), opens(second)) == (True, False)
    assert RecoveryCode.objects.filter(used_at=NOW).count() == 1


def test_recovery_codes_cannot_be_guessed_faster_than_the_apps(give_password: Callable[[], Client]) -> None:
    code = enrolled(give_password())[0]
    client = give_password()
    client.post(CODE, {"code": "AAAA-BBBB-CCCC-DDDD"})

    client.post(CODE, {"code": code})

    assert not opens(client)
    assert RecoveryCode.objects.filter(used_at=None).count() == 10


def test_the_code_of_a_colleague_does_not_help(give_password: Callable[[], Client], device: TOTPDevice) -> None:
    other = User.objects.create_superuser("other")
    theirs = TOTPDevice.objects.create(user=other, name="app", confirmed=True)
    client = give_password()

    client.post(CODE, {"code": shown_by_app(theirs)})

    assert not opens(client)


def test_the_session_has_a_new_key_after_each_step(give_password: Callable[[], Client], device: TOTPDevice) -> None:
    client = give_password()
    before = client.session.session_key

    client.post(CODE, {"code": shown_by_app(device)})

    assert client.session.session_key != before
    assert opens(client)


@pytest.mark.parametrize(
    ("wanted", "reached"), [("/admin/auth/user/", "/admin/auth/user/"), ("https://evil.example/", "/admin/")]
)
def test_the_way_on_leads_nowhere_else(
    give_password: Callable[[], Client], device: TOTPDevice, wanted: str, reached: str
) -> None:
    client = give_password()

    response = client.post(f"{CODE}?next={wanted}", {"code": shown_by_app(device)})

    assert response.headers["Location"] == reached


def test_a_reset_leads_to_a_new_enrolment(give_password: Callable[[], Client], device: TOTPDevice) -> None:
    client = give_password()
    client.post(CODE, {"code": shown_by_app(device)})
    ask = {"action": "reset_second_factor", "_selected_action": [device.user_id]}

    client.post("/admin/auth/user/", ask)
    asked = TOTPDevice.objects.count()
    client.post("/admin/auth/user/", {**ask, "confirmed": "yes"})

    assert (asked, TOTPDevice.objects.count()) == (1, 0)
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].split("?")[0] == ENROL


def test_who_is_halfway_can_sign_out(give_password: Callable[[], Client], device: TOTPDevice) -> None:
    client = give_password()

    client.post("/admin/logout/")

    assert "_auth_user_id" not in client.session
