"""At least one row in every table that has a guard."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import connection
from django_subatomic.db import transaction

from config.access.models import ApiKey
from config.staff.models import AuditEvent, RecoveryCode
from exactly_once.models import EventSource, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from exactly_once.relay import feed_all
from ledger import journal, resolve
from ledger.accounts import AccountSpec, ensure_accounts
from ledger.close_period import close_period
from ledger.drafts import HoldTerms, TransactionDraft, credit, debit
from ledger.models import Book, ImportRun, Invariant
from ledger.money import Money
from ledger.seal import seal
from payments.apply_decision import apply_decision
from payments.begin_attempt import Charge, begin_attempt
from payments.capture import request_capture
from payments.create_intent import Wish, create_intent
from payments.dispute import settle_dispute
from payments.import_settlement import restart_import
from payments.models import Attempt, BankLine, Break, PaymentIntent, Payout, PspCircuit, Refund, RoutingRule
from payments.open_break import open_break
from payments.parts import Part, PartKind, Wanted
from payments.payout import settle_payout
from payments.propose_decision import Claim, propose_decision
from payments.propose_resolution import approve_resolution, propose_resolution
from payments.psp.news import DisputeEvent, PayoutEvent
from payments.psp.outcomes import Approved, RefundPending, RefundSucceeded, Unknown, Voided
from payments.refund import COMPENSATION, request_refund
from payments.resolve_break import How, resolve_break
from payments.routing import Token
from payments.settle_attempt import settle_attempt
from payments.settle_break_refund import settle_break_refund
from payments.settle_refund import settle_refund
from payments.states import BreakResolution, DecisionOutcome, DisputeState, FileKind, LineKind, PayoutState
from payments.void import request_void
from tests.checkout.buyers import open_session, open_shop, pay
from tests.checkout.carts import open_cart, open_session_of, sign_in
from tests.checkout.orders import cancel, sell, ship, take_back
from tests.factories import NOW, DiscountFactory, ShippingPriceFactory, TaxRateFactory, VariantFactory
from tests.payments.findings import line
from tests.payments.settling import settled, told
from tests.payments.statements.uploads import bank_csv, imported, mapping

BOOK = "shop"


def populate() -> None:
    """Sell, refund, hold, settle, reverse, close, seal, and set up what operators set up."""
    session = _buy_at_a_discount()
    with transaction():
        request_refund(order_reference=session, money=Money(90, "EUR"), reason=COMPENSATION, now=NOW)
        _post_holds()
        _hold_payments()
        settle_refund(refund_uuid=Refund.objects.get().uuid, outcome=RefundSucceeded("re_1", Money(90, "EUR")), now=NOW)
        _itemise()
    _read_settlement()
    _read_files()
    _resolve()
    _handle_an_order()
    close_period(book=BOOK, open_from=NOW - timedelta(days=1))
    with transaction():
        journal.post(book=BOOK, drafts=_draft("late", at=NOW - timedelta(days=2)))
    endpoint = WebhookEndpoint.objects.create(public_id="wep_1", client="cli_test", url="https://shop.example")
    endpoint.secrets.create(secret="whsec_", valid_from=NOW)
    feed_all(now=NOW)
    WebhookAttempt.objects.create(delivery=WebhookDelivery.objects.all()[0], number=1, began_at=NOW)
    seal()
    book = Book.objects.get(code=BOOK)
    ImportRun.objects.create(book=book, file_name="books.csv", sha256="0" * 64, format="csv")
    Invariant.objects.create(book=book, name="sum", kind="sum", account="a")
    Invariant.objects.create(book=book, name="empties", kind="empties", account="a", within_days=1)
    ApiKey.issue(name="k", client="c", scopes=("checkout",), now=NOW)
    _sign_in_staff()
    source = EventSource.objects.create(name="parcels", window=timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exactly_once_eventtally (source_id, account, stripe) VALUES (%s, 'c', 0)", [source.pk]
        )
        cursor.execute(
            "INSERT INTO exactly_once_inboxevent (source, account, event_id, received_at, state)"
            " VALUES ('s', 'a', 'e', now(), 'processed')"
        )
        cursor.execute(
            "INSERT INTO exactly_once_inboxbody (event_id, received_at, headers, body)"
            " SELECT id, received_at, '{}', '' FROM exactly_once_inboxevent"
        )


def _sign_in_staff() -> None:
    AuditEvent.objects.create(at=NOW, action="sign in", outcome="done")
    RecoveryCode.objects.create(user=User.objects.create_user("u"), code_hash="0" * 64, created_at=NOW)


def _buy_at_a_discount() -> str:
    """Sell something that is taxed and sent, with a code that each buyer may use twice; return the session."""
    TaxRateFactory.create()
    ShippingPriceFactory.create()
    DiscountFactory.create(limit_per_customer=2).amounts.create(currency="EUR")
    mug = open_shop()
    mug.weight_grams = 300
    mug.save()
    session = open_session(mug, discount_code="TEA10", shipping_address={"country": "DE"})
    pay(session)
    _buy_from_a_cart(mug.sku)
    return session


def _handle_an_order() -> None:
    """Ship two of four, take one of them back, and cancel one."""
    mug = VariantFactory.create(on_hand=4)
    order = sell((mug, 4), shipping_address={})
    ship(order, (mug, 2))
    take_back(order, (mug, 1))
    cancel(order, (mug, 1))


def _buy_from_a_cart(sku: str) -> None:
    """Have a cart that was sold, one of a guest who signed in, and the customer's that it was added to."""
    pay(open_session_of(open_cart(sku, buyer_email="ada@example.com")))
    open_cart(customer="ada")
    sign_in(open_cart(sku), "ada")


def _hold_payments() -> None:
    """Have one payment that is being captured, and one that was let go of."""
    _hold("chk_taken")
    _settle_up()
    create_intent(client="cli_test", wish=Wish(Money(100, "EUR"), reference="invoice-1"), now=NOW)
    request_capture(order_reference="chk_taken", money=None, final=True, now=NOW)
    voided = _hold("chk_voided")
    request_void(order_reference="chk_voided", now=NOW)
    settle_attempt(attempt_uuid=voided, outcome=Voided("pi_chk_voided"), now=NOW)
    _decide()
    _route()


def _decide() -> None:
    """Have two payments that nobody knew the outcome of: one was decided about, by two people, one is yet to be."""
    said = {"reason": "Never happened.", "evidence": "The dashboard."}
    claim = Claim(DecisionOutcome.DECLINED, "", None, **said)
    for order in ("chk_decided", "chk_proposed"):
        attempt = _begin(order)
        settle_attempt(attempt_uuid=attempt, outcome=Unknown("time-out"), now=NOW)
        decision = propose_decision(attempt_uuid=attempt, claim=claim, by="ann", operation=uuid4(), now=NOW)
        if order == "chk_decided":
            apply_decision(decision_id=decision, by="bob", now=NOW)


def _settle_up() -> None:
    """Have a buyer's bank take money back, the PSP pay some out, and something that did not fit."""
    money = Money(100, "EUR")
    sold = Attempt.objects.filter(state="captured", captured_minor__gte=190).earliest("pk")
    event = DisputeEvent("du_1", str(sold.psp_reference), DisputeState.NEEDS_RESPONSE, money, reason="fraudulent")
    settle_dispute(attempt=sold, event=event, now=NOW)
    settle_payout(psp="stripe", account="main", event=PayoutEvent("po_1", PayoutState.PAID, money), now=NOW)
    more = Money(sold.captured_minor + 1, "EUR")
    settle_attempt(
        attempt_uuid=sold.uuid, outcome=Approved(str(sold.psp_reference), captured=True, money=more), now=NOW
    )
    broken = Break.objects.get().public_id
    resolve_break(break_id=broken, reason="A tip.", by="ann", operation=uuid4(), now=NOW)


def _read_settlement() -> None:
    """Have a line of what was sold, paid back and paid out, and one that nobody knows."""
    restart_import(psp="stripe", account="main", since=NOW, now=NOW)
    sold = Refund.objects.get(psp_reference="re_1").attempt
    payment = {"psp_reference": str(sold.psp_reference), "payment_reference": str(sold.psp_reference)}
    settled(
        told(LineKind.CHARGE, sold.captured_minor, fee=43, payout_reference="po_1", **payment),
        told(LineKind.REFUND, -90),
        told(LineKind.PAYOUT, -100),
        told(LineKind.OTHER, 7),
    )
    _pay_breaks_back()


def _pay_breaks_back() -> None:
    """Have money of two payments that nobody knows paid back: of one, the PSP has said so."""
    for name in ("pi_paid_back", "pi_to_pay_back"):
        settled(told(LineKind.CHARGE, 9_000, line_id=name, psp_reference=name, payment_reference=name))
        held = Break.objects.get(subject=f"line:{name}")
        with transaction():
            how = How(BreakResolution.REFUNDED)
            resolve_break(break_id=held.public_id, how=how, reason="No order of ours.", by="ann", now=NOW)
        if name == "pi_paid_back":
            outcome = RefundPending("re_back")
            with transaction():
                settle_break_refund(refund_uuid=held.refunds.get().uuid, outcome=outcome, now=NOW)
            settled(told(LineKind.REFUND, -9_000, line_id="back", psp_reference="re_back", payment_reference=name))


def _resolve() -> None:
    """Have breaks that one person wants to resolve: about one, another one has agreed."""
    told = {"reason": "Lost.", "by": "ann", "now": NOW}
    break_id = Break.objects.get(subject="line:txn_other").public_id
    with transaction():
        other = open_break(finding=line(700), now=NOW)
        how = How(BreakResolution.WRITTEN_OFF)
        first = propose_resolution(break_id=other, how=how, operation=uuid4(), **told)  # type: ignore[arg-type]  # as asked
        approve_resolution(resolution_id=first, by="bob", now=NOW)
        propose_resolution(break_id=break_id, how=how, operation=uuid4(), **told)  # type: ignore[arg-type]  # as asked


def _read_files() -> None:
    """Have a statement that was imported, and one that was refused."""
    mapping()
    imported(bank_csv("1,2026-11-27,1,po_1", "2,2026-11-27,-1,po_1", "3,2026-11-27,1,x"), FileKind.BANK_CSV)
    named = BankLine.objects.filter(reference="po_1")
    named.update(state="matched", payout=Payout.objects.get(), settled_by="ann", settled_at=NOW)
    imported(bank_csv("3,yesterday,1,x"), FileKind.BANK_CSV)


def _route() -> None:
    """Have a rule, an account that failed once, and a payment that went on to another PSP."""
    RoutingRule.objects.create(name="large", priority=1, psp="stripe", currencies=["EUR"], least_minor=10**9)
    PspCircuit.objects.create(psp="stripe", psp_account="main", counted_since=NOW)
    first = Attempt.objects.get(intent__order_reference="chk_voided")
    Attempt.objects.create(
        intent=PaymentIntent.objects.get(reference="invoice-1"),
        psp="other",
        psp_account="main",
        token="t",
        amount_minor=1290,
        currency="EUR",
        submitted_at=NOW,
        failed_over_from=first,
    )


def _itemise() -> None:
    """Have a payment that says what it is for, and a refund of some of that."""
    line = Part(PartKind.LINE, "MUG", Money(1084, "EUR"), quantity=1)
    parts = [line, Part(PartKind.TAX, "MUG", Money(206, "EUR"), jurisdiction="de")]
    charge = Charge(
        BOOK, "cli_test", "chk_parts", Money(1290, "EUR"), "", [Token("stripe", "pm_card_visa")], parts=parts
    )
    attempt = begin_attempt(charge=charge, now=NOW)
    approved = Approved("pi_chk_parts", captured=True, money=charge.money)
    settle_attempt(attempt_uuid=attempt, outcome=approved, now=NOW)
    request_refund(order_reference="chk_parts", parts=[Wanted("MUG")], reason="asked", now=NOW)


def _begin(order: str) -> UUID:
    money = Money(1290, "EUR")
    charge = Charge(BOOK, "cli_test", order, money, "", [Token("stripe", "pm_card_visa")], captures_at_once=False)
    return begin_attempt(charge=charge, now=NOW)


def _hold(order: str) -> UUID:
    attempt = _begin(order)
    held = Approved(f"pi_{order}", captured=False, money=Money(1290, "EUR"))
    settle_attempt(attempt_uuid=attempt, outcome=held, now=NOW)
    return attempt


def _post_holds() -> None:
    ensure_accounts(
        book=BOOK, accounts=[AccountSpec("a", "EUR", "asset", "debit"), AccountSpec("b", "EUR", "revenue", "credit")]
    )
    journal.post(book=BOOK, drafts=[_draft("hold", status="pending"), _draft("sale")])
    resolve.void(book=BOOK, hold="hold", reference="void", effective_at=NOW)
    resolve.reverse(book=BOOK, target="sale", reference="back", effective_at=NOW)


def _draft(reference: str, *, status: str = "posted", at: object = NOW) -> TransactionDraft:
    money = Money(100, "EUR")
    entries = (debit("a", money, status), credit("b", money, status))  # type: ignore[arg-type]  # one of Status
    link = HoldTerms() if status == "pending" else None
    return TransactionDraft(reference, "test", entries, at, link=link)  # type: ignore[arg-type]  # a datetime
