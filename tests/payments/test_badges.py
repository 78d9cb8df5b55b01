"""The numbers in the sidebar are counted for whoever may see them."""

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from payments.admin.badges import open_breaks, proposed_decisions, unknown_outcomes
from tests.payments.deciding import doubtful

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def test_whoever_may_see_them_is_told_how_many_outcomes_are_unknown() -> None:
    doubtful()
    request = RequestFactory().get("/admin/")
    request.user = User(username="root", is_active=True, is_superuser=True)

    assert [badge(request) for badge in (unknown_outcomes, proposed_decisions, open_breaks)] == [1, None, None]


def test_for_whoever_may_not_see_them_nothing_is_counted() -> None:
    doubtful()
    request = RequestFactory().get("/admin/")
    request.user = AnonymousUser()

    with CaptureQueriesContext(connection) as asked:
        assert [badge(request) for badge in (unknown_outcomes, proposed_decisions, open_breaks)] == [None, None, None]
    assert [each["sql"] for each in asked if "payments_" in each["sql"]] == []
