"""Four roles: what each may do, and that neither a button nor an address lets anybody do more."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from unfold.admin import ModelAdmin

from config.staff.roles import BUSINESS, ROLES, make_roles, permissions_of

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]

# Each change to this list is a decision about who may do what.
MAY = {
    "checkout.add_product": {"operator", "admin"},
    "checkout.add_stockmovement": {"operator", "admin"},
    "checkout.change_price": {"operator", "admin"},
    "exactly_once.change_inboxevent": {"operator", "admin"},
    "exactly_once.change_webhookendpoint": {"admin"},
    "ledger.add_invariant": {"admin"},
    "payments.apply_decision": {"approver", "admin"},
    "payments.change_attempt": {"operator", "admin"},
    "payments.change_routingrule": {"admin"},
    "payments.import_file": {"operator", "admin"},
    "payments.propose_decision": {"operator", "admin"},
    "payments.approve_resolution": {"approver", "admin"},
    "payments.resolve_break": {"operator", "admin"},
    "payments.view_attempt": {"viewer", "operator", "approver", "admin"},
    "access.add_apikey": {"admin"},
    "access.view_apikey": {"admin"},
    "auth.change_user": {"admin"},
    "staff.view_auditevent": {"approver", "admin"},
}


ONLY_LOOK = {"dry_run", "figures", "proof"}


@pytest.fixture
def viewer() -> Client:
    """Return the browser of somebody who may do what the role may, without making all the roles."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(permissions_of("viewer"))
    client = Client()
    client.force_login(user)
    return client


def signed_in(role: str) -> tuple[Client, User]:
    make_roles()
    user = User.objects.create_user(role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client, user


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_written_here(role: str) -> None:
    _, user = signed_in(role)

    assert {name for name in MAY if user.has_perm(name)} == {name for name, roles in MAY.items() if role in roles}


def test_nobody_proposes_and_applies() -> None:
    people = [signed_in(role)[1] for role in ("viewer", "operator", "approver")]

    for both in (
        {"payments.propose_decision", "payments.apply_decision"},
        {"payments.resolve_break", "payments.approve_resolution"},
    ):
        assert [person.username for person in people if person.has_perms(both)] == []


def test_making_the_roles_again_takes_back_what_was_added_by_hand() -> None:
    made = make_roles()
    extra = Group.objects.get(name="admin").permissions.exclude(codename__startswith="view_").first()
    assert extra
    Group.objects.get(name="viewer").permissions.add(extra)

    assert make_roles() == made
    assert Group.objects.get(name="viewer").permissions.count() == made["viewer"]


def editors() -> Iterator[tuple[str, str, ModelAdmin]]:
    for model, editor in admin.site._registry.items():
        assert isinstance(editor, ModelAdmin)
        yield model._meta.app_label, f"{model._meta.app_label}_{model._meta.model_name}", editor


def closed_to_viewers(name: str, editor: ModelAdmin) -> Iterator[str]:
    """Every address behind which something can be done."""
    if name != "payments_unknownattempt":  # a list that leads to attempts
        yield reverse(f"admin:{name}_add")
    yield reverse(f"admin:{name}_delete", args=["1"])
    for action in editor._extract_action_names((*editor.actions_detail, *editor.actions_row)):
        if action not in ONLY_LOOK:
            yield reverse(f"admin:{name}_{action}", args=["1"])
    for action in editor._extract_action_names(editor.actions_list):
        if action not in ONLY_LOOK:
            yield reverse(f"admin:{name}_{action}")


LISTS = [pytest.param(name, editor, app, id=name) for app, name, editor in editors()]


@pytest.mark.parametrize(("name", "editor", "app"), LISTS)
def test_a_viewer_is_refused_by_each_address(name: str, editor: ModelAdmin, app: str, viewer: Client) -> None:
    closed = list(closed_to_viewers(name, editor))

    answers = {where: (viewer.get(where).status_code, viewer.post(where).status_code) for where in closed}

    assert answers == dict.fromkeys(closed, (403, 403))


@pytest.mark.parametrize(("name", "editor", "app"), LISTS)
def test_a_viewer_sees_no_button_that_is_not_theirs(name: str, editor: ModelAdmin, app: str, viewer: Client) -> None:
    response = viewer.get(reverse(f"admin:{name}_changelist"))

    if app not in BUSINESS:
        assert response.status_code == 403
        return
    page = response.content.decode()
    assert response.status_code == 200
    assert f'href="{reverse(f"admin:{name}_add")}"' not in page
    for action in set(editor._extract_action_names(editor.actions_list)) - ONLY_LOOK:
        assert reverse(f"admin:{name}_{action}") not in page
    # Nor one for rows that are ticked, sent or not: Django does no action that it does not offer.
    assert set(editor.get_actions(response.wsgi_request)) <= ONLY_LOOK
