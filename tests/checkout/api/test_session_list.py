"""A client's sessions, a page at a time."""

import json
from datetime import timedelta

import pytest

from checkout.models import CheckoutSession
from tests.api import Api, problem
from tests.checkout.api.shop import SESSIONS, furnish, open_session, read, told
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    furnish()
    return Api("checkout")


def listed(api: Api, query: str = "") -> list[str]:
    return [session["id"] for session in told(api.get(f"{SESSIONS}?{query}"))["data"]]


def test_the_newest_comes_first_and_others_sessions_do_not(api: Api) -> None:
    mine = [open_session(api) for _ in range(2)]
    open_session(Api("checkout", client="cli_other"))

    page = told(api.get(SESSIONS))

    assert [session["id"] for session in page["data"]] == [mine[1]["id"], mine[0]["id"]]
    assert page["data"][1] == read(api, mine[0]) | {"fulfillment_options": [], "messages": []}


def test_pages_follow_each_other(api: Api) -> None:
    mine = [open_session(api)["id"] for _ in range(3)]

    first = json.loads(api.get(f"{SESSIONS}?limit=2").content)
    rest = json.loads(api.get(first["next"]).content)

    assert [session["id"] for session in first["data"] + rest["data"]] == mine[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=incomplete", [1]),
        ("state=ready_for_complete", [2, 0]),
        ("customer=ada", [0]),
        ("customer=", [2, 1]),
        ("created_from=2026-11-23T13:00:00Z", [2, 1]),
        ("created_before=2026-11-23T13:00:00Z", [0]),
        ("created_from=2026-11-23T13:00:00Z&created_before=2026-11-23T14:00:00Z&state=incomplete", [1]),
    ],
)
def test_filters_narrow_it_down(api: Api, query: str, found: list[int]) -> None:
    ids = [open_session(api, customer="ada")["id"], open_session(api, buyer={})["id"], open_session(api)["id"]]
    for hours, session in enumerate(ids):
        CheckoutSession.objects.filter(public_id=session).update(created_at=NOW + timedelta(hours=hours))

    assert listed(api, query) == [ids[index] for index in found]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [("state=open", "/state", "unknown_choice"), ("created_from=monday", "/created_from", "not_a_time")],
)
def test_a_filter_that_breaks_a_rule_is_refused_by_name(api: Api, query: str, pointer: str, code: str) -> None:
    refusal = problem(api.get(f"{SESSIONS}?{query}"))

    assert (refusal["status"], refusal["code"]) == (400, "invalid_input")
    assert [(field["pointer"], field["code"]) for field in refusal["errors"]] == [(pointer, code)]
