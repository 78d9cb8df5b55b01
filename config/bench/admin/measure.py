"""Write what many sales leave behind, and ask for pages as somebody signed in does.

Run as a program in the environment of an empty database, as its owner; prints a JSON object.
"""

import json
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import django
from django.core.management import call_command
from django.db import connection


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of server time: the median of some requests, and the longest.

    ``lists``: for each list how many rows it has, and what was asked of it.
    """

    payments: int
    pages: dict[str, tuple[float, float]]
    lists: dict[str, tuple[int, dict[str, tuple[float, float]]]]


def measure(*, payments: int, now: datetime, lists: Collection[str] = ()) -> Measured:
    """Write so many payments up to ``now``, and measure; of lists only these models', where some are named."""
    from config.bench.admin import books, shop  # noqa: PLC0415 - models need Django to be set up
    from config.bench.admin.clock import TIMES, Asked  # noqa: PLC0415 - the same
    from config.bench.admin.lists import measure_lists  # noqa: PLC0415 - the same
    from config.bench.reconcile import truth  # noqa: PLC0415 - the same

    truth.write_truth(payments=payments, seed=1, start=now - truth.PAYMENTS_LAST)
    shop.write_shop(payments=payments, now=now)
    books.write_books(accounts=payments // 10, now=now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    asked = Asked()
    some = [1_000_000 + 1 + number * payments // TIMES for number in range(TIMES)]
    [(attempt,)] = truth.ask("SELECT uuid FROM payments_attempt WHERE id = %s", some[0])
    words = {
        "payment at the PSP": [f"ch_bench{each}" for each in some],
        "event of the PSP": [f"evt_bench{each}" for each in some],
        "attempt": [str(attempt)],
        "card": [f"{each % 10000:04d}" for each in some],
        "e-mail": [f"buyer{each}@example.com" for each in some],
        "sum": [f"{each}.28" for each in some],
        "nothing": [f"nothing-{each}" for each in some],
    }
    return Measured(
        payments=payments,
        pages={
            "start page": asked.timed(["/admin/"]),
            "story": asked.timed([f"/admin/story/order{each}/" for each in some]),
        }
        | {
            f"search by {name}": asked.timed([f"/admin/story/?q={word}" for word in them])
            for name, them in words.items()
        },
        lists={name: (rows, took) for name, rows, took in measure_lists(asked, only=lists)},
    )


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(asdict(measure(payments=int(sys.argv[1]), now=datetime.now(UTC)))) + "\n")
