"""From the page of a row to its story."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from config.story.linked import FOUND_BY
from tests.config.story.full_story import whole

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("psp"),
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]
# What an order that goes well has none of.
ABSENT = {"checkout.cancellation", "checkout.cart", "payments.break", "payments.decision", "payments.dispute"}
ABSENT |= {"payments.void"}


def test_the_page_of_each_row_of_a_story_leads_to_it(viewer: Client) -> None:
    # Given
    order = whole()
    reached = {}
    # When
    for label in FOUND_BY.keys() - ABSENT:
        row = apps.get_model(label)._default_manager.order_by("pk").first()
        assert row is not None, label
        name = f"admin:{label.replace('.', '_')}"
        story = reverse(f"{name}_story", args=[row.pk])
        assert f'href="{story}"' in viewer.get(reverse(f"{name}_change", args=[row.pk])).content.decode(), label
        reached[label] = viewer.get(story, follow=True).redirect_chain[-1][0]
    # Then
    payout = reached.pop("payments.payout")
    assert reached == dict.fromkeys(reached, reverse("admin:story_of", args=[order.session.public_id]))
    assert payout == reverse("admin:story_of", args=[apps.get_model("payments", "Payout").objects.get().public_id])


def test_who_may_not_see_all_of_a_story_is_not_led_to_it() -> None:
    order = whole()
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_order"))
    clerk = Client()
    clerk.force_login(user)
    story = reverse("admin:checkout_order_story", args=[order.pk])

    assert story not in clerk.get(reverse("admin:checkout_order_change", args=[order.pk])).content.decode()
    assert clerk.get(story).status_code == 403
