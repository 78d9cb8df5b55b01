"""Too many wrong passwords lock a name out at an address; sessions end."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.staff.address import client_address
from tests.staff.conftest import LOGIN, PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> object:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def try_to(name: str, password: str, address: str = "192.0.2.1") -> tuple[int, bool]:
    client = Client(REMOTE_ADDR=address)
    status = client.post(LOGIN, {"username": name, "password": password}).status_code
    return status, "_auth_user_id" in client.session


@pytest.mark.parametrize("name", ["boss", "nobody"])
def test_five_failures_lock_a_name_out_at_an_address_whether_or_not_it_exists(boss: User, name: str) -> None:
    tries = [try_to(name, "wrong")[0] for _ in range(5)]

    assert tries == [200, 200, 200, 200, 429]
    assert try_to(name, PASSWORD) == (429, False)


def test_elsewhere_and_as_others_people_still_sign_in(boss: User) -> None:
    User.objects.create_superuser("other", password=PASSWORD)
    for _ in range(5):
        try_to("boss", "wrong")

    assert try_to("boss", PASSWORD, address="192.0.2.2") == (302, True)
    assert try_to("other", PASSWORD) == (302, True)


def test_a_lock_out_cools_off(boss: User, clock: time_machine.Traveller) -> None:
    for _ in range(5):
        try_to("boss", "wrong")

    clock.shift(timedelta(minutes=14))
    locked = try_to("boss", PASSWORD)
    # A refused try does not put the end off for ever, but it does for as long again.
    clock.shift(timedelta(minutes=16))

    assert (locked, try_to("boss", PASSWORD)) == ((429, False), (302, True))


def test_a_sign_in_that_came_from_nowhere_leads_to_the_start_page(boss: User) -> None:
    answer = Client().post(LOGIN, {"username": "boss", "password": PASSWORD})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


def test_a_success_forgets_the_failures(boss: User) -> None:
    for _ in range(4):
        try_to("boss", "wrong")
    try_to("boss", PASSWORD)

    assert [try_to("boss", "wrong")[0] for _ in range(4)] == [200] * 4


def test_an_admin_unlocks(boss: User) -> None:
    User.objects.create_superuser("other", password=PASSWORD)
    for _ in range(5):
        try_to("boss", "wrong")
    other = Client()
    other.force_login(User.objects.get(username="other"))

    unlock = {"action": "unlock", "_selected_action": [AccessAttempt.objects.get().pk]}

    asked = other.post("/admin/axes/accessattempt/", unlock).content.decode()
    assert "1 of 1 free to try again at once" in asked
    assert AccessAttempt.objects.count() == 1
    other.post("/admin/axes/accessattempt/", {**unlock, "confirmed": "yes"})

    assert try_to("boss", PASSWORD) == (302, True)


def test_the_page_says_when_to_come_back(boss: User) -> None:
    for _ in range(4):
        try_to("boss", "wrong")

    response = Client(REMOTE_ADDR="192.0.2.1").post(LOGIN, {"username": "boss", "password": "wrong"})

    assert response.headers["Retry-After"] == "900"
    assert "Try again in 15 minutes" in response.content.decode()


@pytest.mark.parametrize(
    ("behind_proxy", "forwarded", "address"),
    [
        (False, "203.0.113.9", "192.0.2.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (True, "", "192.0.2.1"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "nonsense", None),
    ],
)
def test_the_address_is_the_one_that_the_proxy_has_seen(
    settings: Settings, behind_proxy: bool, forwarded: str, address: str | None
) -> None:
    settings.BEHIND_TLS_PROXY = behind_proxy
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}

    assert client_address(RequestFactory(REMOTE_ADDR="192.0.2.1").get("/", headers=headers)) == address


def test_an_idle_session_ends(give_password: Callable[[], Client], clock: time_machine.Traveller) -> None:
    client = give_password()

    clock.shift(timedelta(minutes=29))
    still = client.get("/admin/").status_code
    clock.shift(timedelta(minutes=29))
    put_off = client.get("/admin/").status_code
    clock.shift(timedelta(minutes=31))

    assert (still, put_off, client.get("/admin/").status_code) == (200, 200, 302)


def test_a_busy_session_ends_after_twelve_hours(
    give_password: Callable[[], Client], clock: time_machine.Traveller
) -> None:
    client = give_password()
    seen = []

    for _ in range(25):
        clock.shift(timedelta(minutes=29))
        seen.append(client.get("/admin/").status_code)

    assert seen == [200] * 24 + [302]


def test_signing_in_makes_a_new_session(boss: User) -> None:
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies["tally-session"] = str(session.session_key)
    planted = session.session_key

    client.post(LOGIN, {"username": "boss", "password": PASSWORD})

    assert client.session.session_key != planted
    assert Client(headers={"Cookie": f"tally-session={planted}"}).get("/admin/").status_code == 302


def test_a_changed_password_ends_the_other_sessions(give_password: Callable[[], Client]) -> None:
    here, elsewhere = give_password(), give_password()
    new = "another horse, another battery"

    here.post("/admin/password_change/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})

    assert (here.get("/admin/").status_code, elsewhere.get("/admin/").status_code) == (200, 302)


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(boss: User) -> None:
    client = Client()
    client.get(LOGIN)

    client.post(LOGIN, {"username": "boss", "password": PASSWORD})

    for name in ("tally-session", "tally-csrf"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
