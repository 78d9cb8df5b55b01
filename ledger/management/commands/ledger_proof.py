"""``manage.py ledger_proof``: write the proof that a transaction is sealed."""

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger.errors import LedgerNotFound
from ledger.proof import prove


class Command(BaseCommand):
    """Write an inclusion proof."""

    help = "Write the inclusion proof of a transaction as JSON; scripts/check_proof.py checks it without Tally."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the transaction and where the proof goes."""
        parser.add_argument("transaction", help="its id, such as txn_42")
        parser.add_argument("--output", type=Path, help="a file; the standard output where it is left out")

    def handle(self, *_args: object, **options: object) -> None:
        """Write it."""
        try:
            proof = prove(public_id=str(options["transaction"]))
        except LedgerNotFound as error:
            raise CommandError(error.detail) from error
        text = json.dumps(proof, indent=2, ensure_ascii=False)
        if isinstance(options["output"], Path):
            options["output"].write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text)
