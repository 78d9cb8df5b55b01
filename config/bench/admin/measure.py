"""Write many payments with a webhook each, and ask for pages as somebody signed in does.

Run as a program in the environment of an empty database, as its owner; prints a JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import django
from django.core.management import call_command
from django.db import connection

TIMES = 20
# So many of the latest payments are in doubt, and so many webhooks have failed.
OPEN = 500

_REST = """
UPDATE payments_attempt SET
    answered_in_ms = 100 + abs(hashint8(id)) %% 900,
    card_brand = 'visa',
    card_last4 = lpad((id %% 10000)::text, 4, '0');
UPDATE payments_attempt SET state = 'unknown', settled_at = NULL
WHERE id IN (SELECT id FROM payments_attempt ORDER BY id DESC LIMIT %(open)s);
INSERT INTO exactly_once_inboxevent (source, account, event_id, state, received_at, processed_at, subjects)
SELECT 'stripe', 'main', 'evt_bench' || p.id, 'processed', p.at, p.at, ARRAY['ch_bench' || p.id, 'pi_bench' || p.id]
FROM bench_payment AS p;
UPDATE exactly_once_inboxevent SET state = 'failed', processed_at = NULL
WHERE id IN (SELECT id FROM exactly_once_inboxevent ORDER BY id DESC LIMIT %(open)s)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of server time: the median of some requests, and the longest."""

    payments: int
    start_page_ms: tuple[float, float]
    story_ms: tuple[float, float]
    search_ms: dict[str, tuple[float, float]]


def measure(*, payments: int, now: datetime) -> Measured:
    """Write so many payments up to ``now``, and measure."""
    from config.bench.reconcile import truth  # noqa: PLC0415 - models need Django to be set up

    truth.write_truth(payments=payments, seed=1, start=now - truth.PAYMENTS_LAST)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in _REST.split(";\n"):
            cursor.execute(statement, {"open": min(OPEN, payments // 10)})
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
    get = _signed_in()
    some = [1_000_000 + 1 + number * payments // TIMES for number in range(TIMES)]
    [(attempt,)] = truth.ask("SELECT uuid FROM payments_attempt WHERE id = %s", some[0])
    words = {
        "payment at the PSP": [f"ch_bench{each}" for each in some],
        "event of the PSP": [f"evt_bench{each}" for each in some],
        "attempt": [str(attempt)] * TIMES,
        "card": [f"{each % 10000:04d}" for each in some],
        "e-mail": [f"nobody-{each}@example.com" for each in some],
        "sum": [f"{each}.28" for each in some],
        "nothing": [f"nothing-{each}" for each in some],
    }
    return Measured(
        payments=payments,
        start_page_ms=_timed(get, ["/admin/"] * TIMES),
        story_ms=_timed(get, [f"/admin/story/order{each}/" for each in some]),
        search_ms={name: _timed(get, [f"/admin/story/?q={each}" for each in asked]) for name, asked in words.items()},
    )


def _signed_in() -> Callable[[str], int]:
    from django.contrib.auth.models import User  # noqa: PLC0415 - the same
    from django.test import Client  # noqa: PLC0415 - the same

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("bench"))
    return lambda address: client.get(address).status_code


def _timed(get: Callable[[str], int], addresses: Sequence[str]) -> tuple[float, float]:
    get(addresses[0])  # templates are read once
    took = []
    for address in addresses:
        began = time.perf_counter()
        status = get(address)
        took.append((time.perf_counter() - began) * 1000)
        assert status in (200, 302), f"{address}: {status}"
    return round(statistics.median(took), 1), round(max(took), 1)


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(asdict(measure(payments=int(sys.argv[1]), now=datetime.now(UTC)))) + "\n")
