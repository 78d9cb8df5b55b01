"""Amounts are shown as people write them, on lists and on pages."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client, RequestFactory
from django.urls import reverse

from exactly_once.read_only import ReadOnly
from payments.models import Attempt
from tests.checkout.orders import open_taxed_shop, sell

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]


@pytest.mark.usefixtures("psp")
def test_an_order_and_its_payment_show_what_they_come_to() -> None:
    order = sell((open_taxed_shop()[0], 2))
    attempt = Attempt.objects.get()
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    euros = f"EUR\N{NO-BREAK SPACE}{order.total_minor // 100}.{order.total_minor % 100:02d}"

    for name, pk in (("checkout_order", order.pk), ("payments_attempt", attempt.pk), ("payments_paymentintent", 0)):
        page = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert euros in page, name
        assert ">Currency<" not in page
        if pk:
            assert euros in client.get(reverse(f"admin:{name}_change", args=[pk])).content.decode(), name
    # And rows within a row's page
    page = client.get(reverse("admin:payments_attempt_change", args=[attempt.pk])).content.decode()
    assert page.count(euros) >= 3  # asked for, captured, and its capture
    assert ">Amount minor<" not in page
    # And they are sorted by it, and times are written so that they sort, too
    assert f"{order.created_at:%Y-%m-%d %H:%M:%S}" in page_of_orders(client)
    assert client.get(reverse("admin:checkout_order_changelist"), {"o": "-3"}).status_code == 200


def page_of_orders(client: Client) -> str:
    return client.get(reverse("admin:checkout_order_changelist")).content.decode()


def test_no_list_that_is_looked_at_shows_an_amount_without_its_currency() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("boss")
    raw = {}
    for model, editor in admin.site._registry.items():
        names = {field.name for field in model._meta.concrete_fields}
        if isinstance(editor, ReadOnly) and "currency" in names:
            raw[model] = [name for name in editor.get_list_display(request) if str(name).endswith("_minor")]

    assert len(raw) > 10
    assert [shown for shown in raw.values() if shown] == []
