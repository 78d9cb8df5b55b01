"""What an event speaks of: ids in its body, by which people find it. Lower packages ask; upper ones can read it."""

from collections.abc import Callable, Iterable

MAX_ID_CHARACTERS = 255  # longer ones are no ids
MAX_SUBJECTS = 100  # an event speaks of one thing, or of a few

# From a source, its account and a body to the ids in it; none where it is not understood: never an error.
type Reader = Callable[[str, str, bytes], Iterable[str]]

_readers: dict[str, Reader] = {}


def register_subjects(source: str, reader: Reader) -> None:
    """Have ``reader`` say what the events of ``source`` speak of."""
    _readers[source] = reader


def subjects_of(*, source: str, account: str, body: bytes) -> list[str]:
    """Return the ids that an event speaks of, each once."""
    if source not in _readers:
        return []
    found = {each for each in _readers[source](source, account, body) if 0 < len(each) <= MAX_ID_CHARACTERS}
    return sorted(found)[:MAX_SUBJECTS]
