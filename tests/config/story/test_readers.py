"""A story shows rows of many models, to whoever may see each of these."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db.models import Model, Q
from django.test import Client
from django.urls import reverse

from checkout import story as checkout
from checkout.models import OrderLine, SessionLine
from config.story.pages import NEEDED, SHOWN
from config.story.tell import tell
from exactly_once import story as exactly_once
from exactly_once.models import InboxBody, WebhookAttempt
from exactly_once.story_item import StoryItem, item_of
from payments import story as payments
from payments.models import Attempt, BreakEvent
from tests.config.story.full_story import whole
from tests.factories import NOW

READERS: tuple[ModuleType, ...] = (
    checkout,
    exactly_once,
    *(import_module(f"payments.story.{found.name}") for found in iter_modules(payments.__path__)),
)
# Read along with the rows that they are parts of: no item is of them.
PARTS = {OrderLine, SessionLine, InboxBody, WebhookAttempt, BreakEvent}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("psp")
def test_whoever_sees_a_story_may_open_each_row_that_it_shows() -> None:
    # Given somebody who may see what a story needs, and nothing else
    wanted = Q(pk__in=[])
    for name in NEEDED:
        app, codename = name.split(".")
        wanted |= Q(content_type__app_label=app, codename=codename)
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(wanted))
    clerk = Client()
    clerk.force_login(user)
    reference = whole().session.public_id
    told = tell(reference=reference)
    assert told is not None
    # When
    page = clerk.get(reverse("admin:story_of", args=[reference]))
    # Then
    links = {each.href for moment in told.moments for each in moment.told if each.href}
    assert {href for href in links if href not in page.content.decode()} == set()
    assert {href for href in links if clerk.get(href).status_code != 200} == set()


def test_each_model_that_a_story_reads_is_one_that_its_reader_may_see() -> None:
    named = [each for reader in READERS for each in vars(reader).values() if isinstance(each, type)]
    models = {each for each in named if issubclass(each, Model)} - {Model, *PARTS}

    assert len(models) > 10
    assert {model for model in models if model._meta.model_name not in SHOWN[model._meta.app_label]} == set()
    assert all(apps.get_model(app, model) for app, models in SHOWN.items() for model in models)


def test_an_item_has_its_rows_state_unless_it_had_another_then() -> None:
    row = Attempt(pk=7, state="captured")

    now = item_of(row, ("Card", "visa"), ("Token", ""), at=NOW, kind="attempt", text="ended")
    then = item_of(row, at=NOW, kind="attempt", text="held", state="authorized")

    assert now == StoryItem(NOW, "attempt", "ended", "captured", (("Card", "visa"),), ("payments_attempt", "7"))
    assert then == StoryItem(NOW, "attempt", "held", "authorized", (), ("payments_attempt", "7"))
