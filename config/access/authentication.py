"""Who is calling: ``Authorization: Bearer sk_...``."""

from dataclasses import dataclass
from datetime import UTC, datetime

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from config.access.models import ApiKey, hash_key
from exactly_once.compiled import Compiled, Given

_KEY = Compiled(lambda: ApiKey.objects.filter(key_hash=Given("key_hash")))


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The caller, as DRF's user."""

    pk: str
    is_authenticated: bool = True


class ApiKeyAuthentication(BaseAuthentication):
    """Finds the API key by its hash."""

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiKey] | None:
        parts = get_authorization_header(request).decode("latin-1").split()
        if not parts or parts[0].lower() != "bearer":
            return None
        if len(parts) != 2:  # noqa: PLR2004 - scheme and key
            raise AuthenticationFailed("Send the key as: Authorization: Bearer sk_...")
        key = next(iter(_KEY(key_hash=hash_key(parts[1]))), None)
        if key is None or not key.usable(now=datetime.now(UTC)):
            raise AuthenticationFailed("This API key is unknown, revoked or expired.")
        return ApiClient(pk=key.client), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tally"'
