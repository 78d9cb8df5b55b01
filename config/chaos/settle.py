"""Before: fill the shelves. After: drain, compare all records and rebuild them. A program in the stack's environment.

``prepare`` prints the SKUs; ``settle`` prints what was found, as JSON.
"""

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import django
from django.conf import settings

# What a worker had begun when it was killed belongs to it for two minutes (handlers.LEASE).
DRAIN_SECONDS = 240.0
ON_THE_SHELF = 1_000_000


def prepare() -> list[str]:
    """Put more on the shelves than can be sold, and return the SKUs."""
    from checkout.receive_stock import receive_stock  # noqa: PLC0415 - the models load after Django's set-up
    from checkout.sample_goods import SAMPLES  # noqa: PLC0415 - the same

    for sample in SAMPLES:
        receive_stock(sku=sample.sku, quantity=ON_THE_SHELF, reference="chaos", now=datetime.now(UTC))
    return [sample.sku for sample in SAMPLES]


def settle(simulator_url: str) -> dict[str, Any]:
    """Wait until no loose end is left, then compare everything."""
    from checkout import queries as shop  # noqa: PLC0415 - the models load after Django's set-up
    from config.demo.books import StockRow, compare_money, taken_by_ledger, unmatched  # noqa: PLC0415 - the same
    from config.demo.simulator import Simulator  # noqa: PLC0415 - the same
    from config.replay.stages import replay_all  # noqa: PLC0415 - the same
    from config.verification import all_checks  # noqa: PLC0415 - the same
    from payments import queries as payments  # noqa: PLC0415 - the same

    simulator = Simulator(simulator_url)
    left = _drain(simulator)
    charges = simulator.charges()
    ledger = taken_by_ledger(psps=settings.PSP_ACCOUNTS, bank_name=settings.PAYMENTS_BANK)
    money = compare_money(orders=shop.order_totals(), charges=charges, ledger=ledger)
    stock = [StockRow(*row) for row in shop.stock_levels()]
    checks, replayed = list(all_checks(now=datetime.now(UTC))), list(replay_all())
    differences = [
        *(f"still open: {number} {what}" for what, number in left.items()),
        *(
            f"charge known to one side only: {attempt}"
            for attempt in unmatched(charges=charges, payments=payments.captured_by_attempt())
        ),
        *(f"money differs: {row}" for row in money if not row.agrees),
        *(f"stock differs: {row}" for row in stock if not row.agrees),
        *(f"{row.name}: {row.detail}" for row in checks if not row.passed),
        *(f"replay of {row.name}: {difference}" for row in replayed for difference in row.differences),
    ]
    return {
        "charges": len(charges),
        "orders_minor": {row.currency: row.orders_minor for row in money},
        "checks": len(checks),
        "replay": [asdict(row) for row in replayed],
        "differences": differences,
    }


def _drain(simulator: Any) -> dict[str, int]:
    from config.backlog import backlog  # noqa: PLC0415 - the models load after Django's set-up

    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        sent = simulator.flush_webhooks(copies=2, seed=1)
        left = backlog()
        if (not sent and not left) or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(prepare() if sys.argv[1] == "prepare" else settle(sys.argv[2])))
