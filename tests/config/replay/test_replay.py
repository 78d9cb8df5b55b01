"""What is stored is what the append-only records say; whatever else was done to it is found and named."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django_subatomic.db import transaction

from config.replay.stages import PROJECTIONS, replay_all
from config.verification import all_checks
from exactly_once import inbox, webhook_delivery
from exactly_once.models import HandlerRun, WebhookDelivery, WebhookEndpoint
from exactly_once.relay import feed_all, feed_handlers
from ledger import journal
from ledger.accounts import AccountSpec, ensure_accounts, open_book
from ledger.drafts import TransactionDraft, credit, debit
from ledger.models import Balance
from ledger.money import Money
from payments.models import Attempt, Break, Refund
from payments.psp.outcomes import Approved
from payments.refund import request_refund, send_refund
from payments.resolve_break import How, resolve_break
from payments.settle_attempt import settle_attempt
from payments.states import BreakResolution, LineKind
from tests.checkout.buyers import CLIENT, open_session, open_shop, pay
from tests.factories import NOW
from tests.payments.settling import converted, settled, told
from tests.psp import Psp
from tests.triggers import past_the_triggers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _a_sale_and_a_refund(psp: Psp) -> None:
    """One sale that is paid back in part and one that was declined; handlers were given what was published of both."""
    assert psp.requests() == 0
    shop = open_shop()
    session = open_session(shop, 2)
    pay(session)
    pay(open_session(shop), "pm_card_chargeDeclined")
    _more_than_was_asked_for_after_a_decline()
    with transaction():
        request_refund(order_reference=session, money=Money(90, "EUR"), reason="asked", now=NOW)
    send_refund(refund_uuid=Refund.objects.get().uuid, now=NOW)
    _settled_in_dollars(str(Attempt.objects.get(state="captured").psp_reference))
    WebhookEndpoint.objects.create(client=CLIENT, url="https://shop.example", event_types=["order.confirmed"])
    feed_all(now=NOW)
    # The endpoint has no secret, and it is too late for another try.
    WebhookDelivery.objects.update(trying_since=NOW - timedelta(days=4))
    webhook_delivery.send(delivery_id=WebhookDelivery.objects.get().pk, now=NOW, allow_private=False)
    body = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": _capture().psp_reference}}}
    event = inbox.receive(
        source="stripe", account="main", event_id="evt_1", headers={}, body=json.dumps(body).encode(), now=NOW
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exactly_once_inboxevent SET state = 'processed' WHERE id = %s", [event.id])


def _settled_in_dollars(payment: str) -> None:
    line = told(LineKind.CHARGE, 2800, fee=64, currency="USD", psp_reference=payment, payment_reference=payment)
    assert settled(converted(line, Money(2580, "EUR"), "1.0853")) == ["matched"]


def _more_than_was_asked_for_after_a_decline() -> None:
    declined = Attempt.objects.get(state="declined")
    news = Approved(str(declined.psp_reference), captured=True, money=Money(declined.amount_minor + 1, "EUR"))
    with transaction():
        settle_attempt(attempt_uuid=declined.uuid, outcome=news, now=NOW)


def _capture() -> Attempt:
    return Attempt.objects.get(state="captured")


def differences() -> dict[str, tuple[str, ...]]:
    return {row.name: row.differences for row in replay_all() if not row.passed}


def test_every_stage_has_rows_and_is_as_stored() -> None:
    replayed = list(replay_all())

    assert [row.name for row in replayed if not row.passed] == []
    assert {row.name: row.rows for row in replayed} == {
        "captures in the books, from Stripe's events": 1,
        "payment intents, from their events": 2,
        "stock, from its movements": 1,
        "balances, from entries": 8,
        "captures, from postings": 1,
        "refunds, from postings": 1,
        "money in suspense, from postings": 1,
        "fees and conversions of settlement lines, from postings": 3,
        "orders, from their events": 1,
        "handler runs, from the outbox": HandlerRun.objects.count(),
        "webhook deliveries, from their tries": 1,
    }
    assert HandlerRun.objects.exists()


def test_a_replay_has_the_same_hashes_every_time_and_others_after_another_sale() -> None:
    first, second = list(replay_all()), list(replay_all())
    assert first == second
    # When
    pay(open_session(open_shop()))
    # Then
    changed = {row.name for row, before in zip(replay_all(), first, strict=True) if row != before}
    assert {"balances, from entries", "captures, from postings", "orders, from their events"} <= changed


MORE_STOCK = "UPDATE checkout_stockitem SET on_hand = 99"


def behind_their_back(statement: str) -> Callable[[], None]:
    def harm() -> None:
        with past_the_triggers() as cursor:
            cursor.execute(statement)
            assert cursor.rowcount > 0

    return harm


DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "balances, from entries": (
        lambda: Balance.objects.filter(version__gt=1).update(debits_minor=1),
        "stored, not rebuilt",
    ),
    "captures, from postings": (behind_their_back("UPDATE payments_capture SET amount_minor = 2579"), "2579"),
    "refunds, from postings": (lambda: Refund.objects.update(state="failed"), "failed"),
    "money in suspense, from postings": (
        behind_their_back("UPDATE payments_break SET amount_minor = 11"),
        "11",
    ),
    "fees and conversions of settlement lines, from postings": (
        behind_their_back("UPDATE payments_settlementline SET gross_minor = 2801, net_minor = 2737"),
        "2801",
    ),
    "payment intents, from their events": (
        behind_their_back("UPDATE payments_paymentintent SET state = 'canceled' WHERE state = 'succeeded'"),
        "canceled",
    ),
    "stock, from its movements": (behind_their_back(MORE_STOCK), "99"),
    "orders, from their events": (
        behind_their_back("UPDATE checkout_order SET subtotal_minor = 1, total_minor = 1"),
        ",1,EUR",
    ),
    "handler runs, from the outbox": (
        lambda: HandlerRun.objects.filter(pk=HandlerRun.objects.latest("event__seq").pk).delete(),
        "rebuilt, not stored",
    ),
    "webhook deliveries, from their tries": (
        behind_their_back("UPDATE exactly_once_webhookdelivery SET state = 'delivered', last_status = 200"),
        "delivered",
    ),
    "captures in the books, from Stripe's events": (
        behind_their_back("DELETE FROM ledger_transaction WHERE kind = 'payment.captured'"),
        "rebuilt, not stored",
    ),
}


def test_what_was_written_off_is_rebuilt_as_gone_from_suspense() -> None:
    with transaction():
        how = How(BreakResolution.WRITTEN_OFF)
        resolve_break(break_id=Break.objects.get().public_id, how=how, reason="Lost.", by="ann", now=NOW)
    assert differences() == {}


def test_a_book_of_a_client_may_tell_of_payments_as_it_likes() -> None:
    with transaction():
        open_book(code="theirs", name="Theirs", now=NOW)
        accounts = ("suspense:theirs", "revenue:sales")
        ensure_accounts(book="theirs", accounts=[AccountSpec(code, "EUR", "revenue", "credit") for code in accounts])
        for kind in ("payment.captured", "refund.succeeded", "settlement.unexplained"):
            lines = debit(accounts[0], Money(1, "EUR")), credit(accounts[1], Money(1, "EUR"))
            journal.post(book="theirs", drafts=TransactionDraft(kind, kind, lines, NOW))

    assert differences() == {}
    assert [check.name for check in all_checks(now=NOW) if check.name.startswith("payments") and not check.passed] == []


def test_an_event_that_postgresql_cannot_read_says_nothing() -> None:
    body = b'{"id": "evt_2", "type": "payment_intent.succeeded", "data": {"object": {"id": "\\u0000"}}}'
    event = inbox.receive(source="stripe", account="main", event_id="evt_2", headers={}, body=body, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exactly_once_inboxevent SET state = 'processed' WHERE id = %s", [event.id])

    assert differences() == {}


def test_every_projection_is_damaged_here() -> None:
    assert set(DAMAGE) == {projection.name for projection in PROJECTIONS}


@pytest.mark.parametrize("projection", list(DAMAGE))
def test_what_was_changed_behind_the_records_is_found_and_named(projection: str) -> None:
    # Given
    if projection.startswith("handler runs"):
        # The last of two of one type: what no handler was ever given is not missed.
        pay(open_session(open_shop()))
        feed_handlers(now=NOW)
    assert differences() == {}
    harm, named = DAMAGE[projection]
    # When
    harm()
    # Then
    found = differences()[projection]
    assert any(named in difference for difference in found), found


def test_the_command_fails_and_shows_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    behind_their_back(MORE_STOCK)()

    with pytest.raises(SystemExit) as ended:
        call_command("verify", "--replay")

    assert ended.value.code == 1
    printed = capsys.readouterr().out
    assert "FAIL replay, effects: stock, from its movements (1 rows, hash " in printed
    assert "stored, not rebuilt: (" in printed
    assert "ok   replay, ledger: balances, from entries (8 rows, hash " in printed
    assert "1 of 11 stages differ" in printed
