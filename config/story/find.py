"""Whose story somebody looks for: every package is asked for what it knows by these words."""

from collections.abc import Iterable

from checkout import story as checkout
from exactly_once import story as exactly_once
from exactly_once.story_item import StoryHit
from payments.story import find as payments

MOST_CHARACTERS = 320  # an e-mail; no id is longer


def find(*, words: str) -> list[StoryHit]:
    """Return each story that these words are an id of, once, the newest first."""
    words = words.strip()
    if not words or len(words) > MOST_CHARACTERS or not words.isprintable():
        return []
    hits = [*checkout.find(words=words), *payments.find(words=words)]
    if not hits and (named := exactly_once.named_in_event(event_id=words)):
        hits = payments.find_all(names=named)
    return _each_once(hits)


def _each_once(hits: Iterable[StoryHit]) -> list[StoryHit]:
    found: dict[str, StoryHit] = {}
    for hit in hits:
        found.setdefault(hit.reference, hit)
    return sorted(found.values(), key=lambda hit: hit.at, reverse=True)
