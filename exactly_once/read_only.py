"""An admin that looks and never touches: for every row that only a domain verb may write."""

from django.db.models import Model
from django.http import HttpRequest


class ReadOnly:
    """Mix into a ModelAdmin or an inline: no adding, no changing, no deleting."""

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nothing is changed by hand."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nothing is deleted."""
        return False
