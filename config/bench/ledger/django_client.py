"""Clients that post through Django, as Tally's own code does: draft, fingerprint, one call of ledger/journal.py.

Run as a program in the environment of a database with the benchmark's books; prints the rate.
"""

import random
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import UTC, datetime

import django

from config.bench.ledger.books import ACCOUNTS, BOOK, account_code
from config.bench.ledger.crowd import crowd_rate


def make_client(*, way: str, batch: int, accounts: int) -> Callable[[], int]:
    """Return one step of a client.

    :param way: ``alone``: one raw call in autocommit; ``in_transaction``: in a transaction of its own.
    """
    # The models load after Django's set-up.
    from django_subatomic.db import transaction  # noqa: PLC0415

    from exactly_once.public_ids import new_public_id  # noqa: PLC0415
    from ledger import journal  # noqa: PLC0415
    from ledger.drafts import TransactionDraft, credit, debit  # noqa: PLC0415
    from ledger.money import Money  # noqa: PLC0415

    drawn = random.Random()  # noqa: S311 - accounts, not secrets

    def draft() -> TransactionDraft:
        money = Money(drawn.randint(1, 100_000), "EUR")
        half = accounts // 2
        return TransactionDraft(
            reference=new_public_id("ord"),
            kind="sale",
            entries=(
                debit(account_code(drawn.randrange(half)), money),
                credit(account_code(half + drawn.randrange(half)), money),
            ),
            effective_at=datetime.now(UTC),
        )

    def alone() -> int:
        journal.post_alone(book=BOOK, draft=draft())
        return 1

    def in_transaction() -> int:
        drafts = [draft() for _ in range(batch)]
        with transaction():
            return len(journal.post(book=BOOK, drafts=drafts))

    return {"alone": alone, "in_transaction": in_transaction}[way]


def main() -> None:
    """Measure as the arguments say."""
    parser = ArgumentParser()
    parser.add_argument("--way", choices=["alone", "in_transaction"], required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    options = parser.parse_args()
    django.setup()
    rate = crowd_rate(
        clients=options.clients,
        seconds=options.seconds,
        make_client=lambda _number: make_client(way=options.way, batch=options.batch, accounts=options.accounts),
    )
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
