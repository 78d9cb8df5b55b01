"""What staff do is on record, with what it did or not at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, models, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from checkout.models import Product
from config.access.models import ApiKey
from config.staff.act_words import act_words
from config.staff.audit import Act, record, watched
from config.staff.audited_view import audited
from config.staff.models import AuditEvent
from tests.factories import NOW, VariantFactory
from tests.staff.conftest import LOGIN, PASSWORD, shown_by_app
from tests.staff.role_table import OF_LISTS, OF_ROWS

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]


@pytest.fixture
def client(boss: User) -> Client:
    client = Client(REMOTE_ADDR="192.0.2.1")
    client.force_login(boss)
    return client


def told() -> list[tuple[str, str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("actor", "action", "outcome"))


def test_signing_in_failing_to_and_signing_out_are_on_record(boss: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.1")

    client.post(LOGIN, {"username": "boss", "password": "wrong"})
    client.post(LOGIN, {"username": "boss", "password": PASSWORD})
    client.post("/admin/logout/")

    assert told() == [
        ("boss", "sign in", "refused"),
        ("boss", "sign in", "done"),
        ("boss", "sign out", "done"),
    ]
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {"192.0.2.1"}
    assert PASSWORD not in str(list(AuditEvent.objects.values()))


def test_the_second_factor_is_on_record(
    give_password: Callable[[], Client], second_factor_on: None, device: Any
) -> None:
    client = give_password()

    client.post("/admin/second-factor/", {"code": "000000"})
    device.refresh_from_db()
    device.throttle_reset()
    client.post("/admin/second-factor/", {"code": shown_by_app(device)})

    assert told()[1:] == [("boss", "second factor", "refused"), ("boss", "second factor", "done")]


def test_a_form_tells_what_was_added_changed_and_deleted(client: Client) -> None:
    form = {"code": "books", "name": "Books"}
    client.post(reverse("admin:checkout_taxcategory_add"), form)
    row = AuditEvent.objects.get()
    assert (row.action, row.object_type) == ("checkout_taxcategory_add", "checkout.taxcategory")
    (pk,) = row.object_ids

    client.post(reverse("admin:checkout_taxcategory_change", args=[pk]), {**form, "name": "Books and maps"})
    client.post(reverse("admin:checkout_taxcategory_delete", args=[pk]), {"post": "yes"})

    assert told() == [
        ("boss", "checkout_taxcategory_add", "done"),
        ("boss", "checkout_taxcategory_change", "done"),
        ("boss", "checkout_taxcategory_delete", "done"),
    ]
    changed = AuditEvent.objects.get(action="checkout_taxcategory_change")
    assert changed.detail["changed"] == [{"changed": {"fields": ["Name"]}}]


def test_a_form_that_is_sent_back_has_changed_nothing(client: Client) -> None:
    client.post(reverse("admin:checkout_taxcategory_add"), {"code": "", "name": ""})

    assert told() == [("boss", "checkout_taxcategory_add", "no_change")]


def test_an_action_tells_which_rows_it_was_about(client: Client) -> None:
    rows = [ApiKey.issue(name=name, client="cli_shop", scopes=["checkout"], now=NOW)[0] for name in "ab"]
    chosen = [str(row.pk) for row in rows]

    client.post(
        reverse("admin:access_apikey_changelist"), {"action": "revoke", "_selected_action": chosen, "confirmed": "yes"}
    )

    row = AuditEvent.objects.get()
    assert (row.actor, row.action, row.outcome) == ("boss", "access_apikey_revoke", "done")
    assert (row.object_type, row.object_ids, row.address) == ("access.apikey", chosen, "192.0.2.1")


def test_an_action_that_fails_leaves_neither_its_effect_nor_its_row_but_that_it_failed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _ = ApiKey.issue(name="a", client="cli_shop", scopes=["checkout"], now=NOW)

    def break_down(self: Any, request: HttpRequest, keys: models.QuerySet[ApiKey]) -> None:
        with transaction.atomic():
            keys.update(revoked_at=timezone.now())
            raise RuntimeError("broken")

    monkeypatch.setattr("config.access.admin.ApiKeyAdmin.revoke", break_down)
    with pytest.raises(RuntimeError):
        client.post(reverse("admin:access_apikey_changelist"), {"action": "revoke", "_selected_action": [row.pk]})

    assert told() == [("boss", "access_apikey_revoke", "failed")]
    assert ApiKey.objects.get().revoked_at is None


def test_what_is_refused_is_on_record_too(boss: User) -> None:
    User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    client = Client()
    client.force_login(User.objects.get(username="ada"))

    status = client.post(reverse("admin:checkout_taxcategory_add"), {"code": "x", "name": "x"}).status_code

    assert (status, told()) == (403, [("ada", "checkout_taxcategory_add", "refused")])


def test_looking_leaves_no_row(client: Client) -> None:
    client.get("/admin/checkout/product/")

    assert told() == []


def request_of(user: User) -> HttpRequest:
    request = RequestFactory(REMOTE_ADDR="192.0.2.1").post("/admin/")
    request.user = user
    return request


@pytest.mark.django_db(transaction=True)
def test_each_transaction_that_writes_has_its_row_and_one_that_is_taken_back_has_none(boss: User) -> None:
    with watched(request_of(boss), Act("two things")) as recorder:
        with transaction.atomic():
            VariantFactory.create()
            Product.objects.update(name="Tea")
        Product.objects.update(name="Coffee")
        try:
            with transaction.atomic():
                Product.objects.update(name="Cocoa")
                raise ValueError
        except ValueError:
            pass

    assert told() == [("boss", "two things", "done")] * 2
    assert recorder.rows == 3
    assert Product.objects.get().name == "Coffee"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE staff_auditevent SET actor = 'eve'", "DELETE FROM staff_auditevent", "TRUNCATE staff_auditevent"],
)
def test_nobody_changes_what_is_on_record(boss: User, statement: str) -> None:
    record(request_of(boss), Act("something"))

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert told() == [("boss", "something", "done")]


@pytest.mark.parametrize("broken", [{"action": ""}, {"outcome": "perhaps"}])
def test_a_row_says_what_was_done_and_how_it_ended(broken: dict[str, str]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.create(**{"at": NOW, "action": "sign in", "outcome": "done", **broken})


def test_a_row_names_a_thousand_objects_and_counts_the_others(boss: User) -> None:
    row = record(request_of(boss), Act("much", "checkout.product", [str(number) for number in range(1001)]))

    assert (len(row.object_ids), row.detail) == (1000, {"objects": 1001})


def editors() -> Iterator[Any]:
    for model, editor in admin.site._registry.items():
        assert isinstance(editor, ModelAdmin)
        yield pytest.param(editor, id=f"{model._meta.app_label}_{model._meta.model_name}")


def posts(editor: ModelAdmin) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every address that a form can be sent to, with what is sent: each view and each action."""
    name = f"admin:{editor.opts.app_label}_{editor.opts.model_name}"
    yield reverse(f"{name}_add"), {}
    for view in ("change", "delete"):
        yield reverse(f"{name}_{view}", args=["1"]), {}
    for action in (*editor.actions, "delete_selected"):
        yield reverse(f"{name}_changelist"), {"action": action, "_selected_action": ["1"]}
    for each in editor._extract_action_names(editor.actions_list):
        yield reverse(f"{name}_{each}"), {}
    for each in editor._extract_action_names((*editor.actions_detail, *editor.actions_row)):
        yield reverse(f"{name}_{each}", args=["1"]), {}


@pytest.mark.parametrize("editor", list(editors()))
def test_whatever_is_asked_for_leaves_a_row(editor: ModelAdmin, client: Client) -> None:
    client.raise_request_exception = False
    silent = []

    for address, sent in posts(editor):
        before = AuditEvent.objects.filter(actor="boss").count()
        client.post(address, sent)
        if AuditEvent.objects.filter(actor="boss").count() == before:
            silent.append((address, sent))

    assert silent == []


def test_a_file_that_leaves_is_on_record(boss: User) -> None:
    def give(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("a,b", headers={"Content-Disposition": 'attachment; filename="books.csv"'})

    request = RequestFactory().get("/admin/ledger/book/1/reports/trial-balance/?format=csv")
    request.user = boss
    audited(give)(request)

    row = AuditEvent.objects.get()
    assert row.action == "export /admin/ledger/book/1/reports/trial-balance/"
    assert row.detail == {"file": 'attachment; filename="books.csv"', "asked": "format=csv"}


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("access_apikey_revoke", "API key: Revoke the chosen keys"),
        ("payments_break_resolve_these", "Break: Resolve"),
        ("payments_attempt_ask_now", "Attempt: Ask the PSP now"),
        ("payments_bankline_match", "Bank line: Match"),
        ("auth_user_change", "User: Change"),
        ("export ledger_account_statement", "Account: Statement, as a file"),
        ("sign in", "Sign in"),
        ("second_factor_enrol", "Second factor enrol"),
    ],
)
def test_an_act_is_told_in_words(action: str, words: str) -> None:
    assert act_words(action) == words


def test_of_the_acts_that_a_browser_names_few_are_kept() -> None:
    for number in range(1_100):
        act_words(f"act {number}")

    assert act_words.cache_info().currsize == 1_000


def test_no_button_is_told_by_its_code() -> None:
    acts = [button.replace(".", "_") for button in (*OF_LISTS, *OF_ROWS)]
    assert len(acts) > 10

    assert [act for act in acts if "_" in act_words(act) or ": " not in act_words(act)] == []


def test_the_list_and_its_filter_tell_acts_in_words(client: Client) -> None:
    for action in ("sign in", "access_apikey_revoke"):
        AuditEvent.objects.create(at=NOW, actor="ann", action=action, outcome="done")

    page = client.get(reverse("admin:staff_auditevent_changelist"))

    [acts] = [spec for spec in page.context["cl"].filter_specs if spec.field_path == "action"]
    assert [choice["display"] for choice in acts.choices(page.context["cl"])] == [
        "All",
        "API key: Revoke the chosen keys",
        "Sign in",
    ]
    table = page.content.decode().partition('id="result_list"')[2].partition("</table>")[0]
    assert ("API key: Revoke the chosen keys" in table, "access_apikey_revoke" in table) == (True, False)
    narrowed = client.get(page.request["PATH_INFO"], {"action": "access_apikey_revoke"})
    assert narrowed.context["cl"].result_count == 1
