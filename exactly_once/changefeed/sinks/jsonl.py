"""A file of JSON lines. Each line carries its position, so the last complete one says where the file stands.

A power cut may leave half a line: it is cut off at the next start, and what it said comes again.
"""

import fcntl
import os
from pathlib import Path

from exactly_once.changefeed import render
from exactly_once.changefeed.entries import Batch, Shape, State
from exactly_once.changefeed.errors import SinkBusy

_SCHEMA_LINE = b'{"kind":"schema"'  # as render.py begins it
_READ_BYTES = 1 << 16


class JsonlSink:
    """The file at ``path``, and ``path.lock`` beside it: one process writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(f"{path.name}.lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise SinkBusy(f"Another process writes to {path}. Stop it first.") from None
        self._file = path.open("a+b")
        self._state = self._cut_torn_end()

    def state(self) -> State | None:
        """Return the position of the last complete line."""
        return self._state

    def shapes(self) -> dict[str, Shape]:
        """Read the whole file once for its schema lines: a second for each gigabyte or so."""
        self._file.seek(0)
        found = (render.shape_of_json(line) for line in self._file if line.startswith(_SCHEMA_LINE))
        return {shape.table: shape for shape in found}

    def restart(self, state: State) -> None:
        """Put a new file in the place of the old one, whole or not at all."""
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("wb") as file:
            file.write(f"{render.position_json(state)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        new.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self._file.close()
        self._file = self.path.open("a+b")
        self._state = state

    def write(self, batch: Batch) -> None:
        """Append a line per entry; without entries, one for the position."""
        lines = [render.entry_json(entry, batch) for entry in batch.entries] or [render.position_json(batch.state)]
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._state = batch.state

    def flush(self) -> None:
        """Have the lines on disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let another process write."""
        self._file.close()
        self._lock.close()

    def _cut_torn_end(self) -> State | None:
        """Return the position of the last whole line, and remove what stands behind it."""
        end = self._file.seek(0, os.SEEK_END)
        while end:
            start = self._line_start(end)
            self._file.seek(start)
            line = self._file.read(end - start)
            if line.endswith(b"\n"):
                try:
                    return render.state_of(line)
                except ValueError:
                    pass  # a block that the power cut left empty
            self._file.truncate(start)
            end = start
        return None

    def _line_start(self, end: int) -> int:
        """Return where the line begins that ends before ``end``."""
        at = end - 1  # its own line end does not count
        while at:
            start = max(0, at - _READ_BYTES)
            self._file.seek(start)
            found = self._file.read(at - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            at = start
        return 0
