"""Where goods change hands: where they are sent, or the shop where they are collected."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Place:
    """A country, empty where nothing is known, and the part of it that the address names, if it does."""

    country: str
    region: str = ""


def place_of(address: Mapping[str, str]) -> Place:
    """Return where an address is; the shop's own place for none: there the goods are collected."""
    if not address:
        return Place(settings.SHOP_COUNTRY, settings.SHOP_REGION)
    return Place(address.get("country", ""), address.get("region", "").strip())
