"""Compare the stream of our events, as far back as it is kept, with the outbox."""

from contextlib import closing
from hashlib import blake2b

from config.replay.projection import SHOWN, Replayed
from exactly_once.event_stream import Entry, configured_stream, entries_between

CHUNK = 1_000  # entries in memory at a time


def compare() -> Replayed:
    """Read the stream from its first entry to its last, and the same stretch of the outbox."""
    stored, rebuilt = blake2b(digest_size=16), blake2b(digest_size=16)
    rows, differences = 0, list[str]()
    after: str | None = None
    with closing(configured_stream()) as stream:
        while entries := stream.entries(after=after, limit=CHUNK):
            # From one chunk's end to the next: an event that is missing between two chunks would be in neither.
            begin = entries[0].place if after is None else _just_after(after)
            expected = entries_between(begin, entries[-1].place)
            for ours, theirs in ((stored, entries), (rebuilt, expected)):
                for entry in theirs:
                    ours.update(_text(entry).encode())
            differences += _differences(entries, expected)
            rows, after = rows + len(expected), entries[-1].place
    return Replayed(
        "sinks",
        "entries of the stream, from the outbox",
        rows,
        rebuilt.hexdigest(),
        stored.hexdigest(),
        tuple(differences[:SHOWN]),
    )


def _just_after(place: str) -> str:
    xid, seq = place.split("-")
    return f"{xid}-{int(seq) + 1}"


def _text(entry: Entry) -> str:
    return f"{entry.place} {sorted(entry.fields.items())}"


def _differences(stored: list[Entry], rebuilt: list[Entry]) -> list[str]:
    ours, theirs = set(map(_text, stored)), set(map(_text, rebuilt))
    return [
        *(f"stored, not rebuilt: {text}" for text in sorted(ours - theirs)),
        *(f"rebuilt, not stored: {text}" for text in sorted(theirs - ours)),
    ]
