"""What no API brings into a shop: goods, sources of events, another client. A program in the stack's environment."""

import sys
from datetime import UTC, datetime

import django

ON_THE_SHELF = 1_000_000
READING = {"type": "object", "required": ["meter", "kwh"], "properties": {"kwh": {"type": "number", "minimum": 0}}}


def fill() -> str:
    """Put more on the shelves than can be sold, and let two kinds of events in; return another client's API key."""
    from checkout.receive_stock import receive_stock
    from checkout.sample_goods import SAMPLES
    from config.access.models import SCOPES, ApiKey
    from exactly_once.models import EventSource

    now = datetime.now(UTC)
    for sample in SAMPLES:
        receive_stock(sku=sample.sku, quantity=ON_THE_SHELF, reference="attack", now=now)
    EventSource.objects.create(name="parcels")
    EventSource.objects.create(name="readings", key_by="content", key_pointers=["/meter", "/kwh"], schema=READING)
    _, key = ApiKey.issue(name="stranger", client="cli_stranger", scopes=SCOPES, now=now)
    return key


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(fill())
