"""What an event speaks of: ids in its body, by which people find it. Lower packages ask; upper ones can read it."""

from collections.abc import Callable, Iterable

import structlog

log = structlog.get_logger(__name__)

MAX_ID_CHARACTERS = 255  # longer ones are no ids
MAX_SUBJECTS = 100  # an event speaks of one thing, or of a few

# From a source, its account and a body to the ids in it.
type Reader = Callable[[str, str, bytes], Iterable[str]]

_readers: dict[str, Reader] = {}


def register_subjects(source: str, reader: Reader) -> None:
    """Have ``reader`` say what the events of ``source`` speak of."""
    _readers[source] = reader


def subjects_of(*, source: str, account: str, body: bytes) -> list[str]:
    """Return the ids that an event speaks of, each once; none where it is not understood.

    Its processing says that by itself, and what it is found by must not decide about its effect.
    """
    if source not in _readers:
        return []
    try:
        found = {each for each in _readers[source](source, account, body) if _can_be_kept(each)}
    except Exception as error:  # noqa: BLE001 - a stranger's body can make a reader raise anything
        log.warning("inbox.subjects_not_read", source=source, account=account, error=type(error).__qualname__)
        return []
    return sorted(found)[:MAX_SUBJECTS]


def _can_be_kept(found: str) -> bool:
    # PostgreSQL's text has neither NUL nor lone surrogates.
    if "\0" in found or any("\ud800" <= each <= "\udfff" for each in found):
        return False
    return 0 < len(found) <= MAX_ID_CHARACTERS
