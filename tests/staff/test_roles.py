"""Four roles: what each may do on each page, and that neither a button nor an address lets anybody do more."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from unfold.admin import ModelAdmin

from config.staff.audit import WRITES
from config.staff.models import AuditEvent
from config.staff.roles import ROLES, make_roles, permissions_of
from config.story.linked import FOUND_BY
from tests.campaigns import PROCESSES
from tests.staff.role_table import BULK, EDITED_BY, EVERYBODY, OF_LISTS, OF_ROWS, SEEN_BY

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]

APPS = ("access", "auth", "axes", "checkout", "exactly_once", "ledger", "payments", "staff")
OPTION = re.compile(r'<option value="(\w+)"')
VERBS = ("add", "change", "delete")
SELECTION = {"_selected_action": ["1"], "confirmed": "yes"}

# The suite looks at who may press nothing, and at who may press most of what there is day by day.
CHOSEN = PROCESSES.effort(("viewer", "operator"), tuple(ROLES))
by_role_and_app = pytest.mark.parametrize(("role", "app"), [(role, app) for role in CHOSEN for app in APPS])


def person(role: str) -> tuple[Client, User]:
    """Return the browser of somebody who may do what the role may, without making all the roles."""
    user = User.objects.create_user(role, is_staff=True)
    user.user_permissions.set(permissions_of(role))
    client = Client()
    client.force_login(user)
    return client, user


def editors(app: str) -> Iterator[tuple[str, ModelAdmin]]:
    """Return the name of each page of an app, and what draws it."""
    for model, editor in admin.site._registry.items():
        assert isinstance(editor, ModelAdmin)
        if model._meta.app_label == app:
            yield f"{model._meta.app_label}_{model._meta.model_name}", editor


def bulk_of(name: str) -> dict[str, frozenset[str]]:
    """Return who may do what to ticked rows: Django's own deletion, and ours."""
    ours = {key.partition(".")[2]: roles for key, roles in BULK.items() if key.partition(".")[0] == name}
    deletes = EDITED_BY.get(name, {}).get("delete")
    return {"delete_selected": deletes, **ours} if deletes else ours


def buttons_of(table: dict[str, frozenset[str]], name: str) -> dict[str, frozenset[str]]:
    return {key.partition(".")[2]: roles for key, roles in table.items() if key.partition(".")[0] == name}


@contextmanager
def nothing_written_but_that_it_was_refused(client: Client) -> Iterator[None]:
    written: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        if WRITES.match(sql) and "django_session" not in sql and "staff_auditevent" not in sql:
            written.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield
    assert written == []
    assert list(AuditEvent.objects.exclude(outcome="refused").values_list("action", "outcome")) == []


def test_the_table_names_every_button_that_there_is() -> None:
    found: tuple[set[str], ...] = (set(), set(), set())
    for app in APPS:
        for name, editor in editors(app):
            found[0].update(f"{name}.{action}" for action in editor.actions or ())
            found[1].update(f"{name}.{action}" for action in editor._extract_action_names(editor.actions_list))
            found[2].update(f"{name}.{action}" for action in editor._extract_action_names(editor.actions_detail))
            assert (*editor.actions_row, *editor.actions_submit_line) == (), name
    stories = {f"{label.replace('.', '_')}.story" for label in FOUND_BY}

    assert found == (set(BULK), set(OF_LISTS), set(OF_ROWS) | stories)
    assert {model._meta.app_label for model in admin.site._registry} == set(APPS)


@by_role_and_app
def test_a_page_shows_the_buttons_that_the_role_may_press_and_no_other(role: str, app: str) -> None:
    client, _ = person(role)
    for name, editor in editors(app):
        if (
            role != "viewer"
            and name not in SEEN_BY | EDITED_BY
            and not bulk_of(name) | buttons_of(OF_LISTS | OF_ROWS, name)
        ):
            continue  # a page that has no button for anybody: once is enough
        answer = client.get(reverse(f"admin:{name}_changelist"))
        if role not in SEEN_BY.get(name, EVERYBODY):
            assert answer.status_code == 403, name
            continue
        page, request = answer.content.decode(), answer.wsgi_request
        assert answer.status_code == 200, name
        # Buttons for what is ticked, of the list above it, to add one
        assert set(editor.get_actions(request)) == {act for act, roles in bulk_of(name).items() if role in roles}, name
        for act, roles in buttons_of(OF_LISTS, name).items():
            assert (f'href="{reverse(f"admin:{name}_{act}")}"' in page) is (role in roles), (name, act)
        adds = name != "payments_unknownattempt" and f'href="{reverse(f"admin:{name}_add")}"' in page
        assert adds is (role in EDITED_BY.get(name, {}).get("add", ())), name
        # On a row's page
        may = {"change": editor.has_change_permission(request), "delete": editor.has_delete_permission(request)}
        assert may == {verb: role in EDITED_BY.get(name, {}).get(verb, ()) for verb in may}, name
        shown = editor._filter_unfold_actions_by_permissions(request, editor._get_base_actions_detail(), "1")
        expected = {act for act, roles in buttons_of(OF_ROWS, name).items() if role in roles}
        expected |= {"story"} & set(editor.actions_detail)
        assert {each.action_name.removeprefix(f"{name}_") for each in shown} == expected, name


@by_role_and_app
def test_an_address_refuses_what_the_role_may_not_do_and_nothing_changes(
    role: str, app: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = person(role)
    answers: dict[object, int] = {}
    # Django leads away from what does not exist before it asks who may: so everything does.
    for _, editor in editors(app):
        monkeypatch.setattr(editor, "get_object", lambda *_, model=editor.model: model())
    with nothing_written_but_that_it_was_refused(client):
        for name, _ in editors(app):
            changelist = reverse(f"admin:{name}_changelist")
            for act, roles in bulk_of(name).items():
                if role not in roles:
                    answers[name, act] = client.post(changelist, {"action": act, **SELECTION}).status_code
            # Nor an action that there is not
            answers[name, "other"] = client.post(changelist, {"action": "no_such_action", **SELECTION}).status_code
            for address in closed_addresses(name, role):
                answers[address] = client.post(address).status_code
                if not address.endswith(("/change/", "/delete/")):
                    answers[f"GET {address}"] = client.get(address).status_code

    assert answers == dict.fromkeys(answers, 403)


def closed_addresses(name: str, role: str) -> Iterator[str]:
    """Every address behind which the role may do nothing."""
    for verb in VERBS:
        if name != "payments_unknownattempt" and role not in EDITED_BY.get(name, {}).get(verb, ()):
            yield reverse(f"admin:{name}_{verb}", args=[] if verb == "add" else ["1"])
    for act, roles in buttons_of(OF_LISTS, name).items():
        if role not in roles:
            yield reverse(f"admin:{name}_{act}")
    for act, roles in buttons_of(OF_ROWS, name).items():
        if role not in roles:
            yield reverse(f"admin:{name}_{act}", args=["1"])


def test_nobody_proposes_and_applies() -> None:
    people = [person(role)[1] for role in ("viewer", "operator", "approver")]

    for both in (
        {"payments.propose_decision", "payments.apply_decision"},
        {"payments.resolve_break", "payments.approve_resolution"},
    ):
        assert [each.username for each in people if each.has_perms(both)] == []


def test_the_groups_have_what_the_roles_may_and_lose_what_was_added_by_hand() -> None:
    made = make_roles()
    extra = Group.objects.get(name="admin").permissions.exclude(codename__startswith="view_").first()
    assert extra
    Group.objects.get(name="viewer").permissions.add(extra)

    assert make_roles() == made == {role: permissions_of(role).count() for role in ROLES}
    assert Group.objects.get(name="viewer").permissions.count() == made["viewer"]


def test_every_list_can_be_searched_and_filtered_and_says_why_it_is_empty() -> None:
    few = {"auth_group", "checkout_taxcategory", "exactly_once_changefeed", "exactly_once_sinkposition"}
    few |= {"ledger_book", "ledger_sealposition", "payments_csvmapping"}
    for app in APPS:
        for name, editor in editors(app):
            assert editor.search_fields, name
            assert bool(editor.list_filter or editor.date_hierarchy) is (name not in few), name
            assert getattr(editor, "when_empty", ""), name


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, ["There are no variants", "Nothing can be put into a cart yet.", "Skip to the content"]),
        ({"q": "xyz"}, ["Nothing fits", "None of the variants fits <q>xyz</q>.", 'href="?"']),
        ({"q": "xyz", "active__exact": "0"}, ["fits <q>xyz</q> and the filters."]),
        ({"active__exact": "0"}, ["None of the variants fits the filters."]),
    ],
)
def test_an_empty_list_says_what_would_be_in_it_or_that_nothing_fits(asked: dict[str, str], told: list[str]) -> None:
    page = person("viewer")[0].get(reverse("admin:checkout_variant_changelist"), asked).content.decode()

    assert [words for words in told if words not in page] == []
