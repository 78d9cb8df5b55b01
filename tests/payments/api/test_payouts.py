"""A payout says what it consists of, over the API and in the admin."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from payments.api import schemas
from payments.models import Break, Payout
from payments.states import LineKind
from tests.api import Api, problem
from tests.factories import NOW
from tests.payments.settling import settled, told
from tests.payments.taking import take

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

K = LineKind


@pytest.fixture(autouse=True)
def _paid_out() -> None:
    take()
    settled(
        told(K.CHARGE, 1290, fee=43, payout_reference="po_1"),
        told(K.FEE, 0, fee=7, payout_reference="po_1"),
        told(K.OTHER, -40, payout_reference="po_1"),
        told(K.PAYOUT, -1200, payout_reference="po_1"),
        told(K.PAYOUT, -900, line_id="txn_2", psp_reference="po_2"),
        told(K.OTHER, 5, line_id="txn_3", occurred_at=NOW + timedelta(seconds=1)),
    )


def read(payout: str) -> dict[str, Any]:
    answer = Api("ledger:read").get(f"/api/v1/payouts/{Payout.objects.get(psp_reference=payout).public_id}")
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


def test_its_lines_come_to_its_amount() -> None:
    body = read("po_1")
    assert (body["amount_minor"], body["settlement"]) == (
        1200,
        {"lines": 3, "gross_minor": 1250, "fees_minor": 50, "net_minor": 1200, "unexplained_minor": 0},
    )
    assert set(body) == set(schemas.PayoutWithLinesSchema().fields)
    assert set(body["settlement"]) == set(schemas.PayoutLinesSchema().fields)


def test_it_is_proved_from_the_payout_before_it() -> None:
    proof = read("po_1")["proof"]
    assert (proof["since"], proof["opening_minor"], proof["closing_minor"]) == (None, 0, 0)
    assert [(row["what"], row["psp_minor"], row["books_minor"]) for row in proof["movements"] if row["psp_minor"]] == [
        ("captures", 1290, 1290),
        ("other", -40, 0),
        ("fees", -50, -50),
        ("payout", -1200, -1200),
    ]
    assert [(row["kind"], row["amount_minor"], row["currency"]) for row in proof["breaks"]] == [
        ("missing_internal", -40, "EUR")
    ]
    assert (proof["unexplained_minor"], proof["new_lines"], proof["proved"]) == (0, 0, True)
    assert set(proof) == set(schemas.PayoutProofSchema().fields)
    assert set(proof["movements"][0]) == set(schemas.MovementSchema().fields)
    assert set(proof["breaks"][0]) == set(schemas.NamedBreakSchema().fields)


def test_a_payout_whose_lines_are_not_known_says_so() -> None:
    assert read("po_2")["settlement"] is None
    Payout.objects.filter(psp_reference="po_2").update(psp_reference="po_3")
    assert read("po_3")["proof"] is None


def test_another_scope_reads_no_payout() -> None:
    assert problem(Api("payments").get("/api/v1/payouts"))["code"] == "scope_missing"


def test_its_page_shows_the_sum_and_leads_to_the_lines() -> None:
    # Given
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="x"))
    # When
    payout = Payout.objects.get(psp_reference="po_1")
    page = client.get(reverse("admin:payments_payout_change", args=[payout.pk])).content.decode()
    # Then
    text = " ".join(page.split())
    assert "3 lines</a>: EUR 12.50 less EUR 0.50 fees are EUR 12.00" in text
    assert "(charge EUR 12.47, fee EUR -0.07, other EUR -0.40); unexplained: EUR 0.00" in text
    address = text.split("3 lines</a>")[0].rsplit('<a href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert dict(parse_qsl(urlsplit(address).query)) == {
        "psp": "stripe",
        "psp_account": "main",
        "payout_reference": "po_1",
    }
    listed = client.get(address)
    assert listed.status_code == 200
    assert sorted(row.line_id for row in listed.context["cl"].result_list) == [
        "txn_charge",
        "txn_fee",
        "txn_other",
        "txn_payout",
    ]
    other = Payout.objects.get(psp_reference="po_2")
    page = client.get(reverse("admin:payments_payout_change", args=[other.pk])).content.decode()
    assert "No line of it is known yet." in page


def test_a_break_shows_its_line() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="x"))
    about = Break.objects.get(subject="line:txn_other")
    page = client.get(reverse("admin:payments_break_change", args=[about.pk])).content.decode()
    assert "txn_other" in page
