"""What a stack is given from outside: where to listen, and servers that are not its own to start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from config.services import ports


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two servers with an address listen."""

    web: int
    simulator: int

    @classmethod
    def any_free(cls) -> Self:
        """Return ports that nobody uses now."""
        return cls(*ports.any_free(count=2))


@dataclass(frozen=True, slots=True)
class Database:
    """A database on a server that is not ours to start: its address as the tables' owner and as the application."""

    owner_url: str
    app_url: str


def given_database(environ: Mapping[str, str]) -> Database | None:
    """Return the database that these variables name, None where they name none."""
    app_url = environ.get("DATABASE_URL")
    return Database(owner_url=environ.get("DATABASE_OWNER_URL") or app_url, app_url=app_url) if app_url else None


def given_broker(environ: Mapping[str, str]) -> str | None:
    """Return the broker that these variables name, None where they name none."""
    return environ.get("CELERY_BROKER_URL") or None


def silent(_text: str) -> None:
    """Tell nobody."""
