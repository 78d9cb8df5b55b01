"""What every package tells of a payment for the page that shows its story: plain lines with a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model

# Of one kind so many are told of; whoever reads more looks into the list itself.
MOST_TOLD = 200

type Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StoryItem:
    """One thing that happened.

    :param link: of which model's row the admin shows more: ``app_model``, and its key.
    """

    at: datetime
    kind: str
    text: str
    state: str = ""
    facts: Facts = ()
    link: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class StoryHit:
    """A story that a search has found; ``reference`` is the order's, or a payout's id."""

    reference: str
    kind: str
    text: str
    at: datetime


def facts(*told: tuple[str, object]) -> Facts:
    """Return what there is to say, each as text."""
    return tuple((name, _text(value)) for name, value in told if value not in (None, "", [], {}))


def item_of(
    row: Model, *told: tuple[str, object], at: datetime, kind: str, text: str, state: str | None = None
) -> StoryItem:
    """Return what happened to a row, with what there is to say of it and where the admin shows it.

    :param state: where it is not the row's own, which is that of today.
    """
    stands = getattr(row, "state", "") if state is None else state
    model = row._meta.label_lower.replace(".", "_")  # noqa: SLF001 - Django's documented name
    return StoryItem(at, kind, text, stands, facts(*told), (model, str(row.pk)))


def in_order(items: Iterable[StoryItem]) -> list[StoryItem]:
    """Return the items in the order of their times."""
    return sorted(items, key=lambda item: item.at)


def _text(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC" if isinstance(value, datetime) else str(value)
