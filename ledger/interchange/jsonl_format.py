"""JSON Lines: one object per line. First the export itself, then the accounts, then the transactions.

Reading such files back into drafts is jsonl_import.py's business.
"""

import json
from dataclasses import asdict
from typing import BinaryIO, ClassVar

from ledger.interchange.formats import Extent, ResumePoint, moment, not_an_export
from ledger.interchange.rows import AccountRow, TransactionRow

VERSION = 1


class JsonLines:
    """Every fact that the ledger has; the form to move books with."""

    sums_up: ClassVar[bool] = False

    def __init__(self, extent: Extent) -> None:
        self._extent = extent

    def head(self) -> str:
        """Return the line that describes the export, and one per account."""
        described = {
            "type": "export",
            "version": VERSION,
            "book": self._extent.book,
            "through": self._extent.through,
        }
        return "".join(map(_line, [described, *map(_account, self._extent.accounts)]))

    def transaction(self, row: TransactionRow) -> str:
        """Return the transaction's line."""
        return _line(
            {
                "type": "transaction",
                "id": row.id,
                "reference": row.reference,
                "kind": row.kind,
                "effective_at": moment(row.effective_at),
                "recorded_at": moment(row.recorded_at),
                "description": row.description,
                "metadata": dict(row.metadata),
                "resolves": row.resolves and asdict(row.resolves),
                "dated_at": row.dated_at and moment(row.dated_at),
                "expires_at": row.expires_at and moment(row.expires_at),
                "entries": [
                    {
                        "account": entry.account,
                        "currency": entry.currency,
                        "direction": entry.direction,
                        "amount_minor": entry.amount_minor,
                        "status": entry.status,
                    }
                    for entry in row.entries
                ],
            }
        )

    def tail(self) -> str:
        """Return nothing: the last transaction is the one that the first line names."""
        return ""

    @staticmethod
    def resume_point(file: BinaryIO) -> ResumePoint | None:
        """Return the end of the last whole line, if that is a transaction's."""
        first = file.readline()
        if not first.endswith(b"\n"):
            if first and not first.startswith(b'{"type":"export"'[: len(first)]):
                raise not_an_export("JSON Lines")
            return None
        described = _parsed(first)
        if described.get("type") != "export":
            raise not_an_export("JSON Lines")
        offset_bytes, last = len(first), first
        for line in file:
            if not line.endswith(b"\n"):
                break
            offset_bytes, last = offset_bytes + len(line), line
        row = _parsed(last)
        if row.get("type") != "transaction":
            return None
        return ResumePoint(str(described["book"]), int(described["through"]), int(row["id"]), offset_bytes)


def _account(row: AccountRow) -> dict[str, object]:
    return {
        "type": "account",
        "code": row.code,
        "currency": row.currency,
        "account_type": row.type,
        "normal_side": row.normal_side,
        "floor_minor": row.floor_minor,
        "ceiling_minor": row.ceiling_minor,
        "stripes": row.stripes,
        "metadata": dict(row.metadata),
        "opened_at": moment(row.opened_at),
        "closed_at": row.closed_at and moment(row.closed_at),
    }


def _line(value: dict[str, object]) -> str:
    # JSON's \u escapes keep line separators, and half characters of old data, out of the raw text.
    return json.dumps(value, separators=(",", ":")) + "\n"


def _parsed(line: bytes) -> dict[str, str]:
    try:
        value = json.loads(line)
    except ValueError:
        raise not_an_export("JSON Lines") from None
    return value if isinstance(value, dict) else {}
