"""Pages where operators steer payments: routing rules, PSP accounts."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_subatomic.db import transaction
from pytest_django import Settings

from ledger.accounts import open_book
from ledger.money import Money
from payments.models import Attempt, PspCircuit, RoutingRule
from payments.psp.outcomes import Approved, Declined, Unknown
from payments.settle_attempt import settle_attempt
from tests.factories import NOW
from tests.payments.test_circuit import ask, begin

RULE = {
    "name": "large",
    "priority": "1",
    "enabled": "on",
    "currencies": "EUR",
    "countries": "de, fr",
    "card_brands": "Visa",
    "least_minor": "1000",
    "most_minor": "",
    "psp": "adyen",
    "psp_account": "main",
    "weight": "100",
    "cost_fixed_minor": "25",
    "cost_basis_points": "140",
}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]


@pytest.fixture(autouse=True)
def accounts(settings: Settings) -> None:
    settings.PSP_ACCOUNTS = {"stripe": {"main": {}}, "adyen": {"main": {}}}


def browser(*permissions: str) -> Client:
    """Return the browser of somebody who may do just this."""
    person = User.objects.create_user("staff", password="x", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client


def test_a_rule_is_made_and_a_dry_run_shows_it() -> None:
    # Given
    client = browser("add_routingrule", "view_routingrule")
    # When
    made = client.post("/admin/payments/routingrule/add/", RULE)
    # Then
    assert made.status_code == 302, made.context["errors"]
    rule = RoutingRule.objects.get()
    assert (rule.currencies, rule.countries, rule.card_brands) == (["EUR"], ["DE", "FR"], ["visa"])
    shown = client.get("/admin/payments/routingrule/").content.decode()
    assert "EUR DE FR visa from 1000" in shown
    wish = {"amount_minor": "1290", "currency": "eur", "country": "de", "card_brand": "visa", "name": "pi_1"}
    page = client.get("/admin/payments/routingrule/dry-run", {**wish, "psps": ["stripe", "adyen"]}, follow=True)
    text = " ".join(page.content.decode().split())
    assert "<strong>adyen main</strong> by rule “large”" in text
    assert "<td>EUR 0.44</td>" in text  # 0.25 and 1.4 % of 12.90, rounded up
    without = client.get("/admin/payments/routingrule/dry-run", {**wish, "psps": ["stripe"]}, follow=True)
    text = " ".join(without.content.decode().split())
    assert "<td>no token of adyen</td>" in text
    assert "<strong>stripe main</strong> as the client chose" in text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"psp": "nobody"}, "The settings have no such account. There are: stripe main, adyen main."),
        ({"currencies": "EUR,EURO"}, "at most 3 characters"),
        ({"currencies": "XXY"}, "XXY"),
        ({"most_minor": "999"}, "least_minor is at most most_minor."),
        ({"currencies": "EUR,USD"}, "A rule with a range of amounts has one currency."),
        ({"weight": "1001"}, "weight is 0 to 1000"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(wrong: dict[str, str], told: str) -> None:
    answer = browser("add_routingrule").post("/admin/payments/routingrule/add/", {**RULE, **wrong})
    assert told in answer.content.decode()
    assert not RoutingRule.objects.exists()


def test_a_dry_run_of_nonsense_says_what_is_wrong() -> None:
    page = browser("view_routingrule").get(
        "/admin/payments/routingrule/dry-run", {"amount_minor": "0", "currency": "ZZZ"}, follow=True
    )
    text = page.content.decode()
    assert "greater than or equal to 1" in text
    assert "ZZZ" in text


def test_pages_are_for_those_who_may_see_the_rows() -> None:
    client = browser("view_book")
    for address in ("routingrule/dry-run", "pspcircuit/figures", "routingrule/add/"):
        assert client.get(f"/admin/payments/{address}", follow=True).status_code == 403


def test_figures_of_each_account() -> None:
    # Given three approvals, one decline and one silence at one account
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    for number in range(3):
        attempt = begin()
        with transaction():
            outcome = Approved(f"r_{number}", captured=True, money=Money(1290, "EUR"))
            settle_attempt(attempt_uuid=attempt, outcome=outcome, now=NOW)
    ask(Declined(None, reason="card_declined", soft=False))
    ask(Unknown("time-out"))
    Attempt.objects.update(submitted_at="2099-01-01T00:00:00Z")
    # When
    page = browser("view_pspcircuit").get("/admin/payments/pspcircuit/figures", follow=True)
    # Then
    rows = [row.split("</td>") for row in page.content.decode().split("<tr>")]
    cells = [[cell.split("<td>")[-1].strip() for cell in row[:-1]] for row in rows if "<td>" in "".join(row)]
    assert cells == [
        ["adyen main", "closed", "0", "0", "0", "-", "-", "-", "0", "0"],
        ["stripe main", "closed", "5", "3", "1", "75.00%", "-", "-", "1", "1"],
        ["shop", "stripe", "EUR 38.70", "EUR 0.00", "0.00%"],
    ]


def test_a_circuit_is_closed_by_whoever_may() -> None:
    # Given
    open_circuit = PspCircuit.objects.create(
        psp="stripe", psp_account="main", state="open", counted_since=NOW, probe_at=NOW, trips=1
    )
    act = {"action": "close_now", "_selected_action": [str(open_circuit.pk)], "confirmed": "1"}
    # When
    viewer = browser("view_pspcircuit")
    assert viewer.post("/admin/payments/pspcircuit/", act).status_code == 403
    assert PspCircuit.objects.get().state == "open"
    User.objects.all().delete()
    browser("view_pspcircuit", "change_pspcircuit").post("/admin/payments/pspcircuit/", act)
    # Then
    assert PspCircuit.objects.get().state == "closed"
