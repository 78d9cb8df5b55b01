"""Books that the application keeps itself: clients read them, and post to books of their own."""

from django.conf import settings

from ledger.errors import PostingRefused


def writable(book: str) -> str:
    """Return the code of a book, if clients may change what is in it.

    :raises PostingRefused: ``book_kept``.
    """
    if book in settings.LEDGER_KEPT_BOOKS:
        raise PostingRefused(
            code="book_kept", detail=f"The book {book!r} is kept by the application. Open a book of your own."
        )
    return book
