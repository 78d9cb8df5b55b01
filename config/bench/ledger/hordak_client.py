"""Clients that post through django-hordak, in processes that load no part of Tally: the same work in its own words.

As its own `Account.transfer_to` does: a Transaction and two Legs in one atomic block. It keeps no balance rows and no
references, and checks no floors: it does less for each transaction than we do.

Run as a program with hordak_settings: `migrate` makes tables and accounts, `measure` prints the rate.
"""

import random
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django

from config.bench.ledger.crowd import crowd_rate

# Its accounts are a tree whose numbering every new one changes: more would take longer than all the measuring. Posting
# to one touches no row of it but a shared lock, so their number hardly matters.
ACCOUNTS = 100


def make_tables() -> None:
    """Run its migrations and open accounts."""
    from django.core.management import call_command  # noqa: PLC0415 - loaded after Django's set-up

    call_command("migrate", verbosity=0)
    account = _model("Account")
    for number in range(ACCOUNTS):
        account.objects.create(name=f"Customer {number}", code=str(number), type="LI", currencies=["EUR"])


def make_client() -> Callable[[], int]:
    """Return one step of a client: one transaction with two legs."""
    from django.db import transaction  # noqa: PLC0415 - loaded after Django's set-up

    posting, leg, accounts = _model("Transaction"), _model("Leg"), list(_model("Account").objects.all())
    drawn = random.Random()  # noqa: S311 - accounts, not secrets

    def step() -> int:
        amount = Decimal(drawn.randint(1, 100_000)) / 100  # its own form of money
        payer, payee = drawn.sample(accounts, 2)
        with transaction.atomic():
            posted = posting.objects.create(description="sale")
            leg.objects.create(transaction=posted, account=payer, debit=amount)
            leg.objects.create(transaction=posted, account=payee, credit=amount)
        return 1

    return step


def _model(name: str) -> Any:
    """Return a model of django-hordak's, by name: the package is there only where somebody asked for it."""
    from django.apps import apps  # noqa: PLC0415 - loaded after Django's set-up

    return apps.get_app_config("hordak").get_model(name)


def main() -> None:
    """Do as the arguments say."""
    parser = ArgumentParser()
    parser.add_argument("what", choices=["migrate", "measure"])
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1)
    options = parser.parse_args()
    django.setup()
    if options.what == "migrate":
        make_tables()
        return
    rate = crowd_rate(clients=options.clients, seconds=options.seconds, make_client=lambda _number: make_client())
    sys.stdout.write(f"{rate}\n")


if __name__ == "__main__":
    main()
