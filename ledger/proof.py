"""Inclusion proofs: what convinces somebody who has neither our code nor our database (scripts/check_proof.py)."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import connection

from ledger import queries
from ledger.errors import LedgerNotFound
from ledger.models import SealBlock

_LEAVES = "SELECT r_id, r_leaf FROM ledger_leaves(%s, %s, %s) ORDER BY r_id"


def prove(*, public_id: str) -> dict[str, Any]:
    """Return the proof that a transaction is sealed: its text, the way to its block's root, and the blocks since.

    Hashes are hexadecimal SHA-256. ``path`` lists the siblings from the leaf up, each with its side. ``blocks`` are the
    headers from the transaction's block to the book's last: their hashes link one to the next, so that a hash that was
    noted earlier, anywhere outside, vouches for all before it.

    :raises LedgerNotFound: ``transaction_not_found``, or ``not_sealed``: sealing is a moment behind.
    """
    found = queries.transaction(public_id=public_id)
    blocks = list(
        SealBlock.objects.filter(book=found.book, through_id__gte=found.pk).order_by("number").select_related("book")
    )
    if not blocks:
        raise LedgerNotFound(code="not_sealed", detail=f"{public_id} is not sealed yet.")
    with connection.cursor() as cursor:
        cursor.execute(_LEAVES, [found.book_id, blocks[0].after_id, blocks[0].through_id])
        rows = cursor.fetchall()
    index = [row[0] for row in rows].index(found.pk)
    leaves = [hashlib.sha256(b"\x00" + leaf.encode()).digest() for _, leaf in rows]
    return {
        "format": "tally-proof-1",
        "transaction": public_id,
        "leaf": rows[index][1],
        "path": path(leaves, index),
        "blocks": [_header(block) for block in blocks],
    }


def path(leaves: Sequence[bytes], index: int) -> list[dict[str, str]]:
    """Return the siblings on the way from a hashed leaf to the root of the Merkle tree (RFC 9162, 2.1.3)."""
    level, siblings = list(leaves), []
    while len(level) > 1:
        if (sibling := index ^ 1) < len(level):
            siblings.append({"side": "left" if sibling < index else "right", "hash": level[sibling].hex()})
        pairs = [level[place : place + 2] for place in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) > 1 else pair[0] for pair in pairs]
        index //= 2
    return siblings


def _header(block: SealBlock) -> dict[str, Any]:
    return {
        "book": block.book.code,
        "number": block.number,
        "through_id": block.through_id,
        "count": block.count,
        "root": bytes(block.root).hex(),
        "previous_hash": bytes(block.previous_hash).hex(),
        "hash": bytes(block.hash).hex(),
    }
