"""``manage.py sample_shop``: load the sample products."""

from datetime import UTC, datetime

from django.core.management.base import BaseCommand

from checkout.sample_goods import SAMPLES
from checkout.sample_shop import load_sample_shop


class Command(BaseCommand):
    """Load the sample shop."""

    help = "Load the sample shop: goods, taxes, shipping, a discount, and its book. Loading it again changes nothing."

    def handle(self, *_args: object, **_options: object) -> None:
        """Load it and say what is there."""
        load_sample_shop(now=datetime.now(UTC))
        self.stdout.write(f"The sample shop sells {len(SAMPLES)} things.")
