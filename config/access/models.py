"""API keys: stored hashed, shown once."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Self

from django.db import models

SCOPES = ("checkout", "payments", "ledger:read", "ledger:write", "events:read", "events:write", "webhooks")


def no_scopes() -> list[str]:
    """Return the default: a key that opens nothing."""
    return []


def hash_key(key: str) -> str:
    """Return the hex SHA-256 of a key. Keys are 256 random bits, so neither salt nor stretching would add anything."""
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKey(models.Model):
    """One key of a client. Several may belong to one client, so that a key can be changed without a gap."""

    name = models.CharField(max_length=100, help_text="For people: who holds the key, and what for.")
    client = models.CharField(max_length=64, db_index=True, help_text="Whose objects and idempotency keys it reaches.")
    scopes = models.JSONField(default=no_scopes, help_text="What it may do: " + ", ".join(SCOPES))
    prefix = models.CharField(max_length=16, editable=False, help_text="The key's first characters, to recognise it.")
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    requests_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Of its client; empty: as the settings say; 0: no limit.",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls,
        *,
        name: str,
        client: str,
        scopes: Sequence[str],
        now: datetime,
        expires_at: datetime | None = None,
        requests_per_minute: int | None = None,
        key: str | None = None,
    ) -> tuple[Self, str]:
        """Make a key; return its row and the key itself, which nobody can read again.

        :param key: one that was made elsewhere, of as much randomness; None makes one.
        :raises ValueError: a scope that does not exist.
        :raises ValidationError: a name or a client that is empty or too long.
        """
        unknown = set(scopes) - set(SCOPES)
        if unknown:
            raise ValueError(f"no such scope: {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
        key = key or f"sk_{secrets.token_urlsafe(32)}"
        row = cls(
            name=name,
            client=client,
            scopes=[scope for scope in SCOPES if scope in scopes],
            prefix=key[:8],
            key_hash=hash_key(key),
            created_at=now,
            expires_at=expires_at,
            requests_per_minute=requests_per_minute,
        )
        # A key without scopes opens nothing, and may be wanted for that.
        row.full_clean(exclude=["scopes"])
        row.save(force_insert=True)
        return row, key

    def usable(self, *, now: datetime) -> bool:
        """Return whether the key still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
