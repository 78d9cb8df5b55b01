"""How often clients may ask."""

from environs import validate

from config.settings.variables import env

# Of one client, with whichever of its keys; 0: as often as it likes. Far above what a shop's server needs, and below
# what one that has gone wild sends. A key may have a limit of its own (admin, API keys).
API_REQUESTS_PER_MINUTE: int = env.int("API_REQUESTS_PER_MINUTE", 6000, validate=validate.Range(min=0))


def _beside(broker_url: str) -> str:
    """Return where requests are counted unless somebody says otherwise: at the broker, where that can count."""
    if not broker_url.startswith("redis"):
        return "memory://"  # each web process counts for itself
    return broker_url.replace("redis+socket://", "redis+unix://")


# Counters may be lost like everything that the broker holds.
API_RATE_LIMIT_STORAGE: str = env.str("API_RATE_LIMIT_STORAGE", "") or _beside(env.str("CELERY_BROKER_URL", ""))
