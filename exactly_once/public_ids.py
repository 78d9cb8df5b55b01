"""Ids that leave the house: prefixed, random, safe in a URL. Inside, rows are joined by bigint."""

import base64
import uuid


def new_public_id(prefix: str) -> str:
    """Return ``{prefix}_`` and 26 lower-case base32 characters: 122 random bits."""
    return f"{prefix}_{base64.b32encode(uuid.uuid4().bytes).decode().rstrip('=').lower()}"
