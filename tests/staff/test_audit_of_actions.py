"""What an action on many rows leaves in the audit log: the rows that it was about, however it was asked for."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django_subatomic.db import transaction

from checkout.models import TaxCategory
from config.staff import seen
from config.staff.models import AuditEvent
from ledger.accounts import open_book
from payments.models import Break
from tests.factories import NOW
from tests.payments.findings import found, line
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]
LIST = "/admin/payments/break/"
RESOLVED = {"confirmed": "yes", "operation": str(uuid4()), "reason": "Fees.", "how": "explained"}


@pytest.fixture
def ann() -> Client:
    with transaction():
        open_book(code="shop", name="Shop", now=NOW)
    return person("ann", "view_break", "resolve_break")


@pytest.mark.parametrize("all_of_them", ["1", "true"])
def test_an_action_on_all_names_those_that_were_seen(ann: Client, all_of_them: str) -> None:
    # Given three that fit, one of them ticked
    for number in range(3):
        found(line(390, subject=f"line:txn_{number}"))
    keys = [str(key) for key in Break.objects.order_by("pk").values_list("pk", flat=True)]
    chosen = {"action": "resolve_these", "select_across": all_of_them, "_selected_action": keys[0]}
    page = ann.post(f"{LIST}?state=open", chosen)
    # When one more comes before the page is answered
    found(line(390, subject="line:txn_late"))
    ann.post(f"{LIST}?state=open", {**dict(page.context["hidden"]), **RESOLVED})
    # Then
    assert Break.objects.filter(state="resolved").count() == 3
    told = AuditEvent.objects.filter(outcome="done", action="payments_break_resolve_these")
    assert told.exists()
    for event in told:
        assert (event.object_ids, event.detail) == (keys, {"all_of": "state=open"})


def test_two_actions_at_once_are_refused(ann: Client) -> None:
    # Given: Django would do the first, and a log that reads the last would tell of that
    found(line(390, subject="line:txn_0"))
    chosen = {"action": ["resolve_these", "assign_these"], "_selected_action": Break.objects.get().pk}
    # When
    answer = ann.post(LIST, {**chosen, **RESOLVED})
    # Then
    assert answer.status_code == 403
    assert Break.objects.get().state == "open"


def test_what_has_a_field_for_each_row_is_not_begun_for_too_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given
    monkeypatch.setattr(seen, "FIELDS_AT_MOST", 2)
    client.force_login(User.objects.create_superuser("boss"))
    categories = TaxCategory.objects.bulk_create(TaxCategory(code=f"c{n}", name=f"c{n}") for n in range(3))
    # When
    address = reverse("admin:checkout_taxcategory_changelist")
    chosen = {"action": "delete_selected", "select_across": "1", "_selected_action": categories[0].pk}
    answer = client.post(address, chosen, follow=True)
    # Then
    assert "at most 2 at once" in answer.content.decode()
