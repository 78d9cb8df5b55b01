"""The lines of a file to import, by number, none longer than fits in memory."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

# A transaction of 1,000 entries with the longest names takes a tenth of it.
MAX_LINE_BYTES = 4 * 1024 * 1024


class LineTooLong(Exception):
    """The rest of the file cannot be told apart."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def numbered(file: BinaryIO, *, progress: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Yield (number from 1, line with its end); ``progress`` hears of each line's bytes.

    :raises LineTooLong:
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise LineTooLong(number)
        progress(len(line))
        yield number, line
