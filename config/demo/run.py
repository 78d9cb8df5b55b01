"""Let the buyers loose, wait until every loose end is tied, and count."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django_subatomic.db import transaction

from checkout import queries as shop
from checkout.add_product import add_product
from checkout.receive_stock import receive_stock
from checkout.sample_goods import SAMPLES
from config.backlog import backlog
from config.demo.books import MoneyRow, StockRow, compare_money, taken_by_ledger, unmatched
from config.demo.buyer import Shopper, Visit
from config.demo.plan import Buyer, plan
from config.demo.settlement import OwedRow, follow, settle, standing
from config.demo.simulator import Simulator
from config.demo.warehouse import Dispatched, dispatch
from payments import queries as payments

CONCURRENT_BUYERS = 8
COPIES_OF_EACH_WEBHOOK = 2
DRAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the running stack is."""

    base_url: str
    simulator_url: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, and what the four records say."""

    visits: list[Visit]
    dispatched: Dispatched
    webhooks_delivered: int
    seconds: float
    charges: int
    unmatched: list[str]
    money: list[MoneyRow]
    owed: list[OwedRow]
    lines: int
    stock: list[StockRow]

    @property
    def agrees(self) -> bool:
        """Whether every record tells the same story."""
        agree = (row.agrees for rows in (self.money, self.owed, self.stock) for row in rows)
        return not self.unmatched and all(agree)


def run(*, orders: int, seed: int, at: Addresses, progress: Callable[[str, int], None]) -> Outcome:
    """Run the demonstration; ``progress`` hears (what, how many more are done).

    :raises TimeoutError: an answer or the backlog took too long.
    """
    started = time.monotonic()
    last_unit_sku = _add_last_unit()
    _fill_shelves(units=orders * 3, reference=f"demo-{seed}")
    buyers = plan(orders=orders, seed=seed, skus=[sample.sku for sample in SAMPLES], last_unit_sku=last_unit_sku)
    simulator = Simulator(at.simulator_url)
    before = standing()
    try:
        simulator.hold_webhooks()
        visits = _sell(buyers, at, progress)
        delivered = _drain(simulator, progress, seed)
        dispatched = _dispatch(visits, at)
        delivered += _drain(simulator, progress, seed)
        simulator.pay_out()
        lines = settle()
        delivered += _drain(simulator, progress, seed)
        charges, at_psp = simulator.charges(), simulator.balance()
    finally:
        simulator.send_webhooks_at_once()
        simulator.close()
    return Outcome(
        visits=visits,
        dispatched=dispatched,
        webhooks_delivered=delivered,
        seconds=time.monotonic() - started,
        charges=len(charges),
        unmatched=unmatched(charges=charges, payments=payments.captured_by_attempt()),
        money=compare_money(
            orders=shop.order_totals(),
            charges=charges,
            ledger=taken_by_ledger(psps=settings.PSP_ACCOUNTS, bank_name=settings.PAYMENTS_BANK),
        ),
        owed=follow(before=before, after=standing(), at_psp=at_psp),
        lines=lines,
        stock=[StockRow(*row) for row in shop.stock_levels()],
    )


def _fill_shelves(*, units: int, reference: str) -> None:
    for sample in SAMPLES:
        receive_stock(sku=sample.sku, quantity=units, reference=reference, now=datetime.now(UTC))


def _sell(buyers: list[Buyer], at: Addresses, progress: Callable[[str, int], None]) -> list[Visit]:
    """Let the buyers loose."""
    shopper = Shopper(base_url=at.base_url, api_key=at.api_key)
    visits = []
    try:
        with ThreadPoolExecutor(max_workers=CONCURRENT_BUYERS) as pool:
            for done in as_completed([pool.submit(shopper.visit, buyer) for buyer in buyers]):
                visits.append(done.result())
                progress("buyers", 1)
    finally:
        shopper.close()
    return sorted(visits, key=lambda visit: visit.buyer.number)


def _dispatch(visits: list[Visit], at: Addresses) -> Dispatched:
    """Have the shop handle some of its orders."""
    shopper = Shopper(base_url=at.base_url, api_key=at.api_key)
    try:
        return dispatch(visits=visits, shopper=shopper)
    finally:
        shopper.close()


def _add_last_unit() -> str:
    """Put one unit of something new on the shelf, for a crowd to want; return its SKU."""
    now = datetime.now(UTC)
    sku = f"LAST-{now:%Y%m%d-%H%M%S}"
    with transaction():
        add_product(
            sku=sku,
            name="The last one",
            description="One unit, many buyers.",
            prices={"EUR": 9900, "USD": 10900},
            on_hand=1,
            reference="demo",
            now=now,
        )
    return sku


def _drain(simulator: Simulator, progress: Callable[[str, int], None], seed: int) -> int:
    """Deliver what is held back until no event, attempt, refund or outbox row is left; return the deliveries."""
    deadline = time.monotonic() + DRAIN_SECONDS
    delivered = 0
    while True:
        sent = simulator.flush_webhooks(copies=COPIES_OF_EACH_WEBHOOK, seed=seed)
        delivered += sent
        progress("webhooks", delivered)
        open_ends = backlog()
        if not sent and not open_ends:
            return delivered
        if time.monotonic() > deadline:
            raise TimeoutError(f"still open after {DRAIN_SECONDS:.0f} s: {open_ends}")
        time.sleep(0.1)
