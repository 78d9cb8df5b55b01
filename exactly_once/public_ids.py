"""Ids that leave the house: prefixed, safe in a URL, in order of time. Inside, rows are joined by bigint."""

import base64
import secrets

import uuid_utils


def new_public_id(prefix: str) -> str:
    """Return ``{prefix}_`` and a UUID of version 7 (RFC 9562) as 26 characters of base32hex (RFC 4648), lower-case.

    The first 48 bits are the time, and base32hex sorts as its bytes do: new ids come to the same end of every unique
    index, whose pages stay full and in memory. Much of the rest is random, but an id is a name and never a secret.
    """
    return _named(prefix, uuid_utils.uuid7().bytes)


def new_secret_id(prefix: str) -> str:
    """Return an id of the same form whose 128 bits are all random: nobody comes across it who was not given it."""
    return _named(prefix, secrets.token_bytes(16))


def _named(prefix: str, content: bytes) -> str:
    return f"{prefix}_{base64.b32hexencode(content).decode().rstrip('=').lower()}"
