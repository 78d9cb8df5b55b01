"""What a key may do. A view without a scope is closed, so that a forgotten one is not an open door."""

from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from config.access.models import ApiKey


class HasScope(BasePermission):
    """The key has the scope that the view names in ``required_scope``."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ApiKey):
            return False
        needed = getattr(view, "required_scope", None)
        if needed is None or needed not in request.auth.scopes:
            raise PermissionDenied(f"This needs an API key with the scope {needed!r}.", code="scope_missing")
        return True
