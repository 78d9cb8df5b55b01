"""Everything that is known of a payment is on one time line, and found by any id of it."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from checkout.models import Order
from config.staff.roles import permissions_of
from config.story.pages import NEEDED
from config.story.tell import Story, tell
from exactly_once import inbox
from exactly_once.models import InboxEvent
from ledger.models import Transaction
from payments.models import Attempt, BankLine, Payout
from tests.checkout.orders import open_taxed_shop, wrong
from tests.config.story.full_story import PAYOUT, intent_object, paid_out, sold, webhook, whole
from tests.factories import NOW

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("psp")]


def story_of(order: Order) -> Story:
    told = tell(reference=order.session.public_id)
    assert told is not None
    return told


def texts(story: Story, kind: str) -> list[str]:
    return [told.item.text for moment in story.moments for told in moment.told if told.item.kind == kind]


def facts_of(story: Story, kind: str) -> list[dict[str, str]]:
    return [dict(told.item.facts) for moment in story.moments for told in moment.told if told.item.kind == kind]


def test_the_whole_way_from_cart_to_bank_is_told() -> None:
    # Given
    order = whole()
    # When
    story = story_of(order)
    # Then
    items = [told.item for moment in story.moments for told in moment.told]
    told = Counter((item.kind, item.state, item.link[0] if item.link else None) for item in items)
    assert told == {
        ("attempt", "captured", "payments_attempt"): 2,
        ("bank line", "matched", "payments_bankline"): 1,
        ("capture", "succeeded", "payments_capture"): 1,
        ("event", "", "exactly_once_outboxevent"): 5,
        ("handler", "done", "exactly_once_handlerrun"): 1,
        ("ledger", "", None): 5,
        ("mail", "done", "exactly_once_handlerrun"): 4,
        ("order", "shipped", "checkout_order"): 1,
        ("payment", "succeeded", "payments_paymentintent"): 1,
        ("payout", "paid", "payments_payout"): 1,
        ("refund", "succeeded", "payments_refund"): 1,
        ("request", "finished", "exactly_once_idempotencykey"): 1,
        ("return", "", "checkout_return"): 1,
        ("session", "completed", "checkout_checkoutsession"): 2,
        ("settlement", "matched", "payments_settlementline"): 2,
        ("shipment", "", "checkout_shipment"): 1,
        ("stock", "consumed", "checkout_reservation"): 1,
        ("webhook", "processed", "exactly_once_inboxevent"): 2,
    }
    assert texts(story, "bank line") == ["The bank booked EUR 17.25"]
    assert story.title == f"Order {order.public_id}"
    assert wrong() == []


def test_a_webhook_is_told_with_how_often_it_came() -> None:
    story = story_of(whole())

    assert texts(story, "webhook") == ["stripe told payment_intent.succeeded", "stripe told payment_intent.created"]
    assert [told["Came"] for told in facts_of(story, "webhook")] == ["3 times", "once"]


def test_nothing_that_the_books_have_of_the_order_is_left_out() -> None:
    # Given
    order = whole()
    reference = order.session.public_id
    of_it = Transaction.objects.filter(metadata__order_reference=reference) | Transaction.objects.filter(
        metadata__has_key="settlement_line"
    )
    # When
    story = story_of(order)
    # Then
    told = {posting["Reference"] for posting in facts_of(story, "ledger")}
    assert told == set(of_it.values_list("reference", flat=True))
    assert {
        (account.account, account.balance.amount_minor) for account in story.accounts if account.balance.amount_minor
    } == {
        ("assets:psp:stripe:receivable", 3070 - 1290 - 55),
        ("expenses:psp_fees:stripe", 55),
        ("liabilities:tax:de", -(206 + 206 + 78 - 206)),
        ("revenue:refunds", 1084),
        ("revenue:sales", -2168),
        ("revenue:shipping", -412),
    }


def test_where_the_money_is_adds_up_to_the_payout() -> None:
    order = whole()

    (row,) = story_of(order).payment.settled  # type: ignore[union-attr]

    assert (str(row.gross), str(row.fees), str(row.net)) == ("EUR 17.80", "EUR 0.55", "EUR 17.25")
    assert (row.payout_reference, row.payout_state, row.bank_booked_on) == (PAYOUT, "paid", "2026-11-24")


def test_what_happened_in_one_commit_is_one_moment() -> None:
    mug, _ = open_taxed_shop()

    story = story_of(sold(mug, 1))

    kinds = [told.item.kind for told in story.moments[-1].told]
    assert kinds.index("attempt") < kinds.index("capture") < kinds.index("order") < kinds.index("ledger")


def test_a_payout_leads_to_its_orders_and_back(viewer: Client) -> None:
    # Given
    order = whole()
    payout = Payout.objects.get()
    # When
    found = viewer.get(reverse("admin:story"), {"q": "17.25"}, follow=True)
    # Then
    assert found.redirect_chain == [(reverse("admin:story_of", args=[payout.public_id]), 302)]
    page = found.content.decode()
    address = reverse("admin:story_of", args=[order.session.public_id])
    assert f'<a href="{address}">{order.public_id}</a>' in page
    assert reverse("admin:payments_payout_proof", args=[payout.pk]) in page
    back = viewer.get(reverse("admin:story_of", args=[order.session.public_id])).content.decode()
    assert reverse("admin:story_of", args=[payout.public_id]) in back
    proof = viewer.get(reverse("admin:payments_payout_proof", args=[payout.pk])).content.decode()
    assert reverse("admin:story_of", args=[payout.public_id]) in proof


def test_each_message_is_one_click_away_as_it_came(viewer: Client) -> None:
    order = whole()

    page = viewer.get(reverse("admin:story_of", args=[order.session.public_id])).content.decode()

    event = InboxEvent.objects.get(event_id="evt_paid")
    assert reverse("admin:exactly_once_inboxevent_change", args=[event.pk]) in page
    raw = viewer.get(reverse("admin:exactly_once_inboxevent_change", args=[event.pk])).content.decode()
    assert "tally_attempt" in raw


def links(story: Story) -> Iterator[str]:
    return (told.href for moment in story.moments for told in moment.told)


def test_every_link_of_a_story_can_be_followed_by_a_viewer(viewer: Client) -> None:
    for href in set(links(story_of(whole()))):
        assert viewer.get(href).status_code == 200, href


@pytest.mark.parametrize("missing", NEEDED)
def test_whoever_may_not_see_a_part_sees_no_story(missing: str) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    app, codename = missing.split(".")
    without = permissions_of("viewer").exclude(content_type__app_label=app, codename=codename)
    user.user_permissions.set(Permission.objects.filter(pk__in=without))
    clerk = Client()
    clerk.force_login(user)

    answers = [clerk.get(address).status_code for address in (reverse("admin:story"), "/admin/story/chk_1/")]

    assert answers == [403, 403]
    assert "Story of a payment" not in clerk.get("/admin/").content.decode()


def test_nothing_is_done_on_it(viewer: Client) -> None:
    assert viewer.post(reverse("admin:story")).status_code == 405
    assert viewer.get(reverse("admin:story_of", args=["chk_1"])).status_code == 404


def queries_of(reference: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        tell(reference=reference)
    return len(queries)


def test_a_big_story_takes_no_more_queries_than_a_small_one() -> None:
    # Given
    mug, _ = open_taxed_shop()
    order = sold(mug, 1)
    attempt = Attempt.objects.get()
    webhook("evt_first", "payment_intent.succeeded", intent_object(attempt))
    small = queries_of(order.session.public_id)
    # When
    for number in range(40):
        webhook(f"evt_{number}", "payment_intent.succeeded", intent_object(attempt))
    # Then
    assert queries_of(order.session.public_id) == small
    assert len(texts(story_of(order), "webhook")) == 41


def test_the_fullest_story_is_read_in_a_bounded_number_of_queries() -> None:
    assert queries_of(whole().session.public_id) <= QUERIES_AT_MOST


QUERIES_AT_MOST = 45


def test_a_body_that_is_no_event_speaks_of_nothing() -> None:
    kept = inbox.receive(source="stripe", account="main", event_id="evt_odd", headers={}, body=b"[]", now=NOW)
    inbox.process(event_id=kept.id, now=NOW)

    assert list(InboxEvent.objects.values_list("state", "subjects")) == [("failed", [])]


def test_what_is_kept_of_a_card_is_what_the_psp_tells_of_it() -> None:
    mug, _ = open_taxed_shop()
    sold(mug, 1)

    attempt = Attempt.objects.get()

    assert (attempt.card_brand, attempt.card_last4) == ("visa", "4242")
    assert attempt.answered_in_ms is not None
    story = tell(reference=attempt.intent.order_reference)
    assert story is not None
    assert facts_of(story, "attempt")[0]["Card"] == "visa ending in 4242"


def test_a_line_of_the_payout_that_is_about_no_order_says_so(viewer: Client) -> None:
    whole()
    paid_out(100, "po_00000043")

    page = viewer.get(reverse("admin:story_of", args=[Payout.objects.get(psp_reference="po_00000043").public_id]))

    assert "No line of it is read yet" in page.content.decode()
    assert BankLine.objects.count() == 2
