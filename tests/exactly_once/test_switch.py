"""Many rows are switched off and on at once, after a page that says which of them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from checkout.models import Variant
from tests.factories import VariantFactory

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:Overriding get_action_choices")]

LIST = "/admin/checkout/variant/"


def on() -> list[bool]:
    return list(Variant.objects.order_by("pk").values_list("active", flat=True))


def test_those_that_are_on_are_switched_off_and_back() -> None:
    # Given one of two that is off
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    VariantFactory.create(active=True)
    VariantFactory.create(active=False)
    chosen = {"_selected_action": list(Variant.objects.values_list("pk", flat=True))}
    off = {"action": "switch_off", **chosen}
    # When
    asked = client.post(LIST, off).content.decode()
    # Then
    assert "1 of 2 no longer for sale; what is ordered stays ordered" in asked
    assert "1 of 2 left alone: off already" in asked
    assert on() == [True, False]
    # When
    said = client.post(LIST, {**off, "confirmed": "yes"}, follow=True).content.decode()
    # Then
    assert "1 switched off." in said
    assert on() == [False, False]
    # When all that fit the filters are chosen, not those that are ticked
    every = {"action": "switch_on", "select_across": "1", "_selected_action": chosen["_selected_action"][:1]}
    page = client.post(f"{LIST}?active__exact=0", every)
    client.post(f"{LIST}?active__exact=0", {**dict(page.context["hidden"]), "confirmed": "yes"})
    # Then
    assert "2 of 2 for sale" in page.content.decode()
    assert on() == [True, True]
