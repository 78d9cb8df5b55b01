"""An action on all rows that fit the filters: on those that fitted when the page that asks was drawn, and no others."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from config.staff import lists
from exactly_once.admin.confirm import confirmed
from exactly_once.chosen_rows import SEEN, acts_on_all

# Their pages have a field for each row, and Django takes no more than a thousand.
ONE_FIELD_EACH = frozenset({"delete_selected", "rotate_secret"})
FIELDS_AT_MOST = 900


class ActsOnWhatWasSeen(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the type checker only
    """Mixed into every ModelAdmin that is registered (site.py).

    Django looks again what fits: what has come meanwhile would be acted on, and nobody has seen it. So the page carries
    the keys of what it foresees.
    """

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *location: Any, **options: Any) -> Any:
        """Leave only what was seen; of more than can be leafed through, nothing."""
        if not acts_on_all(request):
            return super().response_action(request, queryset, *location, **options)
        keys = self._seen(request)
        if keys is None:
            keys = list(queryset.order_by("pk").values_list("pk", flat=True)[: lists.ROWS_AT_MOST + 1])
            _unconfirm(request)
        most = FIELDS_AT_MOST if request.POST.get("action") in ONE_FIELD_EACH else lists.ROWS_AT_MOST
        if len(keys) > most:
            told = f"Nothing was done: at most {most:,} at once. Choose fewer by the filters."
            self.message_user(request, told, messages.ERROR)
            return None
        request.seen = ",".join(map(str, keys))  # type: ignore[attr-defined]  # confirm.py has it in its page
        return super().response_action(request, queryset.filter(pk__in=keys), *location, **options)

    def _seen(self, request: HttpRequest) -> list[Any] | None:
        """Return the keys that come back from the page; None where there was none, or somebody made it up."""
        if not confirmed(request) or not request.POST.get(SEEN):
            return None
        try:
            return [self.opts.pk.to_python(key) for key in request.POST[SEEN].split(",")]
        except ValidationError:
            return None


def _unconfirm(request: HttpRequest) -> None:
    """Have it asked what nobody was asked."""
    sent = request.POST.copy()
    sent.pop("confirmed", None)
    request.POST = sent  # type: ignore[assignment]  # a QueryDict as before
