"""How long a PSP remembers our idempotency keys."""

from datetime import timedelta

# Stripe forgets a key after 24 h at the earliest (its API reference, "Idempotent requests"). Within this time the
# same key cannot move money twice; afterwards we only look.
PSP_KEY_RETENTION = timedelta(hours=23)
