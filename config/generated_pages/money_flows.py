"""docs/money-flows.md: every posting rule, called with an example and shown as T-accounts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ledger.drafts import TransactionDraft
from ledger.money import Money, exponent
from ledger.t_accounts import Line, TAccount, t_accounts
from payments import posting_rules as rules
from payments import settlement_rules as settled
from payments.chart import WRITE_OFFS
from payments.states import RefundState as R

PAGE = "docs/money-flows.md"

_HEAD = """# Money flows

Written by `manage.py money_flows`, which calls every rule of `payments/posting_rules.py` and
`payments/settlement_rules.py` with an example and shows what it posts, account by account: debits left, credits right.
The rules are pure functions; the accounts are opened, per book, PSP and currency, by `payments/chart.py` before any
money moves.

The reference names the business event and is unique per book for ever. However often news of a capture comes (the
PSP's answer, its webhook under any event id, a look-up), it posts once. An attempt that is `unknown` or declined posts
nothing, unless the PSP is known to have moved money that does not fit it: that stands in suspense. *Pending* entries
are holds: promised on both sides, on no balance yet; *released* entries take such a promise back.
"""

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KETTLE, PART, SMALL = Money(24900, "EUR"), Money(10000, "EUR"), Money(390, "EUR")
DOLLARS, YEN = Money(26892, "USD"), Money(40876, "JPY")
PAYMENT = rules.Payment("stripe", "main", "pi_1", "chk_1")
DISPUTE = rules.Dispute("stripe", "main", "dp_1", "chk_1")
LINE = settled.SettlementOf("stripe", "main", "txn_1", NOW)
QUESTION = settled.Unexplained("stripe", "brk_1", "pi_1")
SALE = rules.Sale(goods=Money(20000, "EUR"), shipping=Money(924, "EUR"), taxes=(("de", Money(3976, "EUR")),))
SHIPPED = rules.Sale(goods=PART, shipping=Money(0, "EUR"), taxes=(("de", Money(1900, "EUR")),))
REFUND = {"refund_id": "re_1", "money": KETTLE, "order_reference": "chk_1", "now": NOW}
PAYOUT = {"psp": "stripe", "account": "main", "payout": "po_1", "bank_name": "main", "money": KETTLE, "now": NOW}


@dataclass(frozen=True, slots=True)
class Flow:
    """A business event and what it posts."""

    title: str
    rule: Callable[..., TransactionDraft]
    arguments: dict[str, object]


def _flow(title: str, rule: Callable[..., TransactionDraft], **arguments: object) -> Flow:
    dated = "now" in arguments or "line" in arguments
    return Flow(title, rule, arguments if dated else {**arguments, "now": NOW})


FLOWS: Sequence[Flow] = (
    _flow("Authorised", rules.authorized, payment=PAYMENT, money=KETTLE),
    _flow("Captured at once", rules.captured, payment=PAYMENT, number=1, money=KETTLE, released=None, final=True),
    _flow(
        "Captured, all that was held",
        rules.captured,
        payment=PAYMENT,
        number=1,
        money=KETTLE,
        released=KETTLE,
        final=True,
    ),
    _flow(
        "Captured in part, the rest let go of",
        rules.captured,
        payment=PAYMENT,
        number=1,
        money=PART,
        released=KETTLE,
        final=True,
    ),
    _flow("Captured in surplus", rules.captured_in_surplus, payment=PAYMENT, money=KETTLE),
    _flow("Voided", rules.let_go, payment=PAYMENT, left=KETTLE, expired=False),
    _flow("Expired", rules.let_go, payment=PAYMENT, left=KETTLE, expired=True),
    _flow("Shipped", rules.shipped, shipment_id="shp_1", sale=SALE, order_reference="chk_1"),
    _flow("Refund asked, before shipping", rules.refund_requested, **REFUND),
    _flow("Refund asked, after shipping", rules.refund_requested, earned=SALE, **REFUND),
    _flow("Refund asked, of which some is shipped", rules.refund_requested, earned=SHIPPED, **REFUND),
    _flow("Refund succeeded", rules.refund_succeeded, psp="stripe", psp_reference="re_x", **REFUND),
    _flow(
        "Refund failed before it was paid", rules.refund_undone, psp="stripe", state=R.FAILED, was_paid=False, **REFUND
    ),
    _flow(
        "Refund returned by the buyer's bank",
        rules.refund_undone,
        psp="stripe",
        state=R.FAILED,
        was_paid=True,
        **REFUND,
    ),
    _flow("Refund canceled", rules.refund_undone, psp="stripe", state=R.CANCELED, was_paid=False, **REFUND),
    _flow("Dispute opened", rules.dispute_opened, dispute=DISPUTE, money=KETTLE),
    _flow("Dispute won", rules.dispute_won, dispute=DISPUTE, money=KETTLE, turn=0),
    _flow("Dispute lost", rules.dispute_lost, dispute=DISPUTE, money=KETTLE, turn=0),
    _flow("Dispute won after it was lost", rules.dispute_won, dispute=DISPUTE, money=KETTLE, turn=1),
    _flow("Dispute lost after it was won", rules.dispute_lost, dispute=DISPUTE, money=KETTLE, turn=1),
    _flow("Canceled after a dispute was lost", rules.dispute_offset, dispute=DISPUTE, money=KETTLE, number=1),
    _flow("Won after that all the same", rules.dispute_offset_undone, dispute=DISPUTE, money=KETTLE, number=2),
    _flow("Dispute fee", rules.dispute_fee, dispute=DISPUTE, money=SMALL),
    _flow("PSP fee", settled.fee_taken, line=LINE, money=SMALL),
    _flow("PSP fee returned", settled.fee_returned, line=LINE, money=SMALL),
    _flow("Dispute fee that only the settlement tells", settled.fee_taken, line=LINE, money=SMALL, of_dispute=True),
    _flow("Dispute fee returned", settled.fee_returned, line=LINE, money=SMALL, of_dispute=True),
    _flow("Payout arrived", settled.paid_out, **PAYOUT),
    _flow(
        "Payout of which the bank kept some",
        settled.bank_difference,
        payout="stripe:main:po_1",
        bank_name="main",
        beyond=-SMALL,
        now=NOW,
    ),
    _flow("Payout returned", settled.payout_returned, **PAYOUT),
    _flow(
        "Settled in another currency", settled.converted, line=LINE, sold=KETTLE, bought=DOLLARS, rate=Decimal("1.08")
    ),
    _flow("Refund in the buyer's currency", settled.converted, line=LINE, sold=DOLLARS, bought=YEN, rate=Decimal(152)),
    _flow(
        "Less received, and written off",
        settled.settled_apart,
        about=QUESTION,
        money=SMALL,
        received=False,
        account=WRITE_OFFS,
    ),
    _flow(
        "Received, and written off",
        settled.settled_apart,
        about=QUESTION,
        money=SMALL,
        received=True,
        account=WRITE_OFFS,
    ),
    _flow("Received, and not explained", settled.unexplained, about=QUESTION, money=SMALL, received=True),
    _flow("Paid, and not explained", settled.unexplained, about=QUESTION, money=SMALL, received=False),
    _flow("Received, and explained", settled.explained, about=QUESTION, money=SMALL, received=True),
    _flow("Paid, and explained", settled.explained, about=QUESTION, money=SMALL, received=False),
    _flow("Received, and paid back, as nobody was owed it", settled.paid_back, about=QUESTION, money=SMALL),
)


def render() -> str:
    """Return the page."""
    return _HEAD + "".join(_section(flow) for flow in FLOWS)


def _section(flow: Flow) -> str:
    draft = flow.rule(**flow.arguments)
    summary = (flow.rule.__doc__ or "").strip().splitlines()[0]
    lines = [Line(entry.account, entry.direction, entry.money, entry.status) for entry in draft.entries]
    accounts = "\n\n".join(_drawn(each) for each in t_accounts(lines))
    where = f"`{flow.rule.__module__.rpartition('.')[2]}.{flow.rule.__name__}`, reference `{draft.reference}`"
    return f"\n## {flow.title}\n\n{summary}\n\n{where}\n\n```text\n{accounts}\n```\n"


def _drawn(found: TAccount) -> str:
    """Return one account with its two sides."""
    width = 24
    drawn = [f"{found.account} ({found.currency})", f"{'-' * width}+{'-' * width}"]
    for line in found.lines:
        text = _amount(line.money) + ("" if line.status == "posted" else f" {line.status}")
        sides = (f"{text:>{width - 1}} ", "") if line.direction == "debit" else (" " * width, f" {text:>{width - 1}}")
        drawn.append("|".join(sides).rstrip())
    return "\n".join(drawn)


def _amount(money: Money) -> str:
    return f"{Decimal(money.amount_minor).scaleb(-exponent(money.currency)):,f}"
