"""The admin shows every table of ours, and changes none that money or stock hangs on."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import models
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from config.access.models import SCOPES, ApiKey, hash_key
from config.settings import UNFOLD
from tests.factories import NOW, VariantFactory

pytestmark = [
    pytest.mark.django_db,
    # django-unfold's, not ours: it still serves older Djangos, too.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

OURS = ("checkout", "payments", "ledger", "exactly_once", "access")
# What people may edit: what is for sale, who may call, who sends and gets events, and what they want checked.
EDITABLE = {
    "checkout.Product",
    "checkout.ProductImage",
    "checkout.Variant",
    "checkout.Price",
    "checkout.StockLocation",
    "checkout.TaxCategory",
    "checkout.TaxRate",
    "checkout.ShippingOption",
    "checkout.ShippingPrice",
    "checkout.Discount",
    "checkout.DiscountAmount",
    "access.ApiKey",
    "exactly_once.EventSource",
    "exactly_once.WebhookEndpoint",
    "ledger.Invariant",
    "payments.CsvMapping",
    "payments.RoutingRule",
}
# What is added to, by a verb, and never changed.
GROWING = {"checkout.StockMovement"}
# A row's other half, in a table of partitions: shown with its event. Counts in stripes: added up at their source.
# A webhook's secrets and tries: shown with their endpoint and delivery. Pictures: with their product. A break's
# history and refunds: with it. An uploaded file's bytes: with its import. Units of shipments, cancellations, returns:
# with these.
SHOWN_WITHIN = {
    "checkout.CancellationLine",
    "checkout.ProductImage",
    "checkout.ReturnLine",
    "checkout.ShipmentLine",
    "payments.BreakEvent",
    "payments.BreakRefund",
    "payments.FileContent",
    "exactly_once.InboxBody",
    "exactly_once.EventTally",
    "exactly_once.WebhookAttempt",
    "exactly_once.WebhookSecret",
}


def ours() -> Iterator[type[models.Model]]:
    for app in OURS:
        yield from (model for model in apps.get_app_config(app).get_models() if model._meta.label not in SHOWN_WITHIN)


MODELS = [pytest.param(model, id=model._meta.label) for model in ours()]


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss", password="correct horse battery")


@pytest.fixture
def browser(boss: User) -> Client:
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def request_of_boss(boss: User) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = boss
    return request


@pytest.mark.parametrize("model", MODELS)
def test_every_model_is_there_to_be_searched(model: type[models.Model], browser: Client) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    assert admin.site.get_model_admin(model).search_fields
    assert browser.get(address, {"q": "x"}).status_code == 200
    assert address in {str(item["link"]) for group in UNFOLD["SIDEBAR"]["navigation"] for item in group["items"]}


@pytest.mark.parametrize("model", MODELS)
def test_nobody_edits_what_only_verbs_write(model: type[models.Model], request_of_boss: HttpRequest) -> None:
    editor = admin.site.get_model_admin(model)
    allowed = (editor.has_add_permission(request_of_boss), editor.has_change_permission(request_of_boss))

    assert allowed == (model._meta.label in EDITABLE | GROWING, model._meta.label in EDITABLE)
    if model._meta.label not in EDITABLE - {"access.ApiKey", "exactly_once.WebhookEndpoint"}:
        assert not editor.has_delete_permission(request_of_boss)
    for inline in editor.get_inline_instances(request_of_boss):
        if inline.model._meta.label not in EDITABLE:
            assert not inline.has_change_permission(request_of_boss)
            assert not inline.has_add_permission(request_of_boss, None)
            assert not inline.has_delete_permission(request_of_boss)


@pytest.mark.parametrize("model", MODELS)
def test_every_row_can_be_opened_with_its_inlines(model: type[models.Model], request_of_boss: HttpRequest) -> None:
    editor = admin.site.get_model_admin(model)

    assert editor.get_form(request_of_boss, change=True)
    assert all(inline.get_formset(request_of_boss) for inline in editor.get_inline_instances(request_of_boss))


def test_the_index_has_the_name_and_the_way_back(browser: Client) -> None:
    index = browser.get("/admin/").content.decode()

    assert "Tally" in index
    assert 'href="/"' in index


@pytest.mark.parametrize("name", ["checkout:stockitem", "checkout:product", "auth:user"])
def test_rows_can_be_opened(name: str, browser: Client, boss: User) -> None:
    app, model = name.split(":")
    VariantFactory.create()
    row = apps.get_model(app, model)._default_manager.first()
    assert row

    assert browser.get(reverse(f"admin:{app}_{model}_change", args=[row.pk])).status_code == 200


def test_a_key_is_shown_once(browser: Client) -> None:
    form = {"name": "Web shop", "client": "cli_shop", "scopes": ["checkout", "payments"]}

    page = browser.post(reverse("admin:access_apikey_add"), form, follow=True).content.decode()

    row = ApiKey.objects.get()
    assert (row.name, row.client, row.scopes, row.revoked_at) == (
        "Web shop",
        "cli_shop",
        ["checkout", "payments"],
        None,
    )
    key = next(
        word.rstrip(".") for word in page.split() if word.startswith(row.prefix) and len(word) > len(row.prefix) + 20
    )
    assert ApiKey.objects.get(key_hash=hash_key(key)) == row
    assert row.key_hash not in page
    again = browser.get(reverse("admin:access_apikey_change", args=[row.pk])).content.decode()
    assert key not in again
    assert not any(key in str(session.get_decoded()) for session in Session.objects.all())
    assert row.key_hash not in again


def test_a_changed_key_stays_the_same_key(browser: Client) -> None:
    row, _ = ApiKey.issue(name="old", client="cli_shop", scopes=SCOPES, now=NOW)
    form = {"name": "new", "client": "cli_other", "scopes": ["checkout"], "key_hash": "0", "prefix": "sk_other"}

    browser.post(reverse("admin:access_apikey_change", args=[row.pk]), form)

    changed = ApiKey.objects.get()
    assert (changed.name, changed.scopes) == ("new", ["checkout"])
    assert (changed.client, changed.key_hash, changed.prefix) == (row.client, row.key_hash, row.prefix)


def test_keys_are_revoked_and_never_deleted(browser: Client) -> None:
    rows = [ApiKey.issue(name=name, client="cli_shop", scopes=["checkout"], now=NOW)[0] for name in "ab"]
    changelist = reverse("admin:access_apikey_changelist")

    revoke = {"action": "revoke", "_selected_action": [rows[0].pk]}

    asked = browser.post(changelist, revoke).content.decode()
    assert "1 of 1 revoked at once, and for ever" in asked
    assert ApiKey.objects.filter(revoked_at=None).count() == 2
    browser.post(changelist, {**revoke, "confirmed": "yes"})
    revoked_at = ApiKey.objects.get(pk=rows[0].pk).revoked_at
    again = browser.post(changelist, {"action": "revoke", "_selected_action": [row.pk for row in rows]})
    assert [told in again.content.decode() for told in ("1 of 2 revoked at once", "1 of 2 left alone")] == [True, True]
    browser.post(changelist, {**revoke, "confirmed": "yes"})
    browser.post(changelist, {"action": "delete_selected", "_selected_action": [rows[1].pk], "post": "yes"})
    refused = browser.post(reverse("admin:access_apikey_delete", args=[rows[1].pk]), {"post": "yes"})

    assert revoked_at is not None
    assert ApiKey.objects.get(pk=rows[0].pk).revoked_at == revoked_at
    assert ApiKey.objects.get(pk=rows[1].pk).revoked_at is None
    assert refused.status_code == 403
