"""Reports in the admin: every one opens, prints, and is closed to who may not see the books."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from ledger import queries
from ledger.models import Book
from ledger.report_pages import REPORTS
from tests.ledger.books import BOOK, CASH, open_test_book, post, sale

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


def sign_in(*permissions: str) -> Client:
    person = User.objects.create_user("finance", password="correct horse battery", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def report(name: str) -> str:
    return reverse("admin:ledger_book_report", args=[Book.objects.get(code=BOOK).pk, name])


def statement() -> str:
    account = queries.accounts(book=BOOK).get(code=CASH, currency="EUR")
    return reverse("admin:ledger_account_statement", args=[account.pk])


@pytest.fixture(autouse=True)
def _books() -> None:
    open_test_book()
    post(sale("r-1", 123456))


@pytest.mark.parametrize("name", list(REPORTS))
@pytest.mark.parametrize("form", ["", "?print=1"])
def test_every_report_shows_the_money(name: str, form: str) -> None:
    page = sign_in("view_book").get(report(name) + form)
    assert page.status_code == 200
    assert "EUR 1234.56" in page.content.decode()


def test_days_narrow_a_report() -> None:
    page = sign_in("view_book").get(report("income-statement"), {"since": "2026-11-24", "print": "1"}).content.decode()
    assert "EUR 1234.56" not in page
    assert "From 2026-11-24" in page


def test_a_statement_has_its_opening_and_closing_balance() -> None:
    days = {"since": "2026-11-01", "through": "2026-11-30"}
    page = sign_in("view_account").get(statement(), days).content.decode()
    assert "Opening balance" in page
    assert "Closing balance" in page
    assert "r-1" in page


def test_who_may_not_see_the_books_sees_no_report() -> None:
    client = sign_in("view_order")
    assert client.get(report("trial-balance")).status_code == 403
    assert client.get(statement()).status_code == 403
    assert Client().get(report("trial-balance")).status_code == 302


def test_a_report_that_does_not_exist_is_not_found() -> None:
    assert sign_in("view_book").get(report("horoscope")).status_code == 404
