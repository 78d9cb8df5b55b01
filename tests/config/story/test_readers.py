"""A story shows rows of many models, to whoever may see each of these."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.db.models import Q
from django.test import Client
from django.urls import reverse

from checkout import story as checkout
from config.story.pages import NEEDED, SHOWN
from config.story.tell import tell
from exactly_once import story as exactly_once
from payments.story import payment
from tests.config.story.full_story import whole

LINK = re.compile(r'\("([a-z_]+)_([a-z]+)", str\(')  # ("payments_attempt", str(attempt.pk))
SOURCES = (
    *(Path(str(module.__file__)) for module in (checkout, exactly_once)),
    *Path(payment.__file__).parent.glob("*.py"),
)


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


def test_each_model_that_a_story_links_to_is_one_that_its_reader_may_see() -> None:
    linked = {match for path in SOURCES for match in LINK.findall(path.read_text())}

    assert len(linked) > 10
    assert {(app, model) for app, model in linked if model not in SHOWN[app]} == set()
    assert all(apps.get_model(app, model) for app, models in SHOWN.items() for model in models)
