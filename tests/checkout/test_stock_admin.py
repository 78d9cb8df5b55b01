"""People move stock in the admin: goods in, counted anew, lost. All by movements, each with its reason."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from checkout.models import StockLocation, StockMovement, Variant
from tests.checkout.shelves import levels
from tests.factories import VariantFactory

pytestmark = pytest.mark.django_db

ADD = "admin:checkout_stockmovement_add"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


@pytest.fixture
def tea() -> Variant:
    return VariantFactory.create(on_hand=10)


def form(tea: Variant, kind: str, units: int, *, at: str = "main", reason: str = "") -> dict[str, object]:
    place = StockLocation.objects.get(code=at).pk
    return {"variant": tea.pk, "location": place, "kind": kind, "units": units, "reference": "D-7", "reason": reason}


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (("received", 5, ""), 15),
        (("adjusted", 3, "Found."), 13),
        (("adjusted", -10, "Fire."), 0),
        (("written_off", 2, "Broken."), 8),
    ],
)
def test_stock_is_moved(browser: Client, tea: Variant, said: tuple[str, int, str], left: int) -> None:
    kind, units, reason = said
    answer = browser.post(reverse(ADD), form(tea, kind, units, reason=reason))

    assert answer.status_code == 302
    assert levels(tea) == {"main": (left, 0)}
    row = StockMovement.objects.latest("pk")
    assert (row.kind, row.on_hand_delta, row.reference, row.reason) == (kind, left - 10, "D-7", reason)
    assert LogEntry.objects.get().object_id == str(row.pk)


def test_goods_come_in_where_there_were_none(browser: Client, tea: Variant) -> None:
    made = browser.post(reverse("admin:checkout_stocklocation_add"), {"code": "store", "name": "Store", "priority": 1})
    assert made.status_code == 302

    browser.post(reverse(ADD), form(tea, "received", 5, at="store"))

    assert levels(tea) == {"main": (10, 0), "store": (5, 0)}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("received", 0, ""), "At least one unit."),
        (("received", -1, ""), "At least one unit."),
        (("written_off", -1, ""), "At least one unit."),
        (("written_off", 11, ""), "10 are free there, not 11."),
        (("adjusted", -11, "Fire."), "10 are free there, not 11."),
        (("adjusted", 0, "Nothing."), "At least one unit."),
        (("adjusted", 1, " "), "Why are there more or fewer?"),
        (("held", 1, ""), "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_refused(browser: Client, tea: Variant, told: tuple[str, int, str], said: str) -> None:
    kind, units, reason = told
    page = browser.post(reverse(ADD), form(tea, kind, units, reason=reason)).content.decode()

    assert said in page
    assert (levels(tea), StockMovement.objects.count()) == ({"main": (10, 0)}, 1)


def test_the_form_and_the_record_can_be_opened(browser: Client, tea: Variant) -> None:
    row = StockMovement.objects.get()

    assert 'name="variant"' in browser.get(reverse(ADD)).content.decode()
    page = browser.get(reverse("admin:checkout_stockmovement_change", args=[row.pk])).content.decode()
    assert 'name="units"' not in page
    assert tea.sku in page
