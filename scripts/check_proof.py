#!/usr/bin/env python3
"""Check an inclusion proof of Tally's ledger, with nothing but Python's own library.

    python check_proof.py proof.json [--head HASH]

Says what the proof vouches for, or what is wrong with it (exit code 1). ``--head`` is the hash of a later block as it
was noted somewhere that the ledger's owner cannot reach: the proof must lead to it.
"""

import argparse
import hashlib
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any


def sha256(*parts: bytes) -> bytes:
    """Return the SHA-256 of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def climb(leaf: str, path: list[dict[str, str]]) -> bytes:
    """Return the root that the leaf and its siblings lead to (Merkle tree hashes of RFC 9162, section 2.1)."""
    node = sha256(b"\x00", leaf.encode())
    for step in path:
        sibling = bytes.fromhex(step["hash"])
        node = sha256(b"\x01", sibling, node) if step["side"] == "left" else sha256(b"\x01", node, sibling)
    return node


def block_hash(block: dict[str, Any]) -> str:
    """Return the hash of a block's header: its fields as text, one a line."""
    fields = ("book", "number", "through_id", "count", "root", "previous_hash")
    return sha256("\n".join(str(block[name]) for name in fields).encode()).hex()


def problems(proof: dict[str, Any], head: str | None) -> list[str]:
    """Return what is wrong with the proof."""
    found = []
    blocks = proof["blocks"]
    if climb(proof["leaf"], proof["path"]).hex() != blocks[0]["root"]:
        found.append("the transaction does not lead to the root of its block")
    if f"txn_{json.loads(proof['leaf'])['id']}" != proof["transaction"]:
        found.append("the text is of another transaction")
    found += [f"block {block['number']} has another hash" for block in blocks if block_hash(block) != block["hash"]]
    for before, after in pairwise(blocks):
        if after["previous_hash"] != before["hash"] or after["number"] != before["number"] + 1:
            found.append(f"block {after['number']} does not follow from block {before['number']}")
    if head is not None and head not in {block["hash"] for block in blocks}:
        found.append("the proof does not lead to the head that you know")
    return found


def main() -> int:
    """Check the proof that the command line names."""
    parser = argparse.ArgumentParser(description="Check an inclusion proof of a ledger transaction.")
    parser.add_argument("proof", type=Path)
    parser.add_argument("--head", help="the hash of a block that you noted before")
    options = parser.parse_args()
    proof = json.loads(options.proof.read_text(encoding="utf-8"))
    if found := problems(proof, options.head):
        print("NOT PROVED:", *found, sep="\n  ")
        return 1
    last = proof["blocks"][-1]
    print(f"Proved: {proof['transaction']} is in block {proof['blocks'][0]['number']} of book {last['book']}.")
    print(f"Head: block {last['number']}, {last['hash']}")
    print(json.dumps(json.loads(proof["leaf"]), indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
