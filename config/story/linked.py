"""A button, on the page of each row that is part of a story, that leads there."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.decorators import action

from config.story.pages import may_see

# By what a row's story is looked for (find.py).
FOUND_BY = {
    "checkout.cart": "public_id",
    "checkout.checkoutsession": "public_id",
    "checkout.order": "public_id",
    "checkout.shipment": "public_id",
    "checkout.cancellation": "public_id",
    "checkout.return": "public_id",
    "exactly_once.inboxevent": "event_id",
    "payments.paymentintent": "public_id",
    "payments.attempt": "uuid",
    "payments.capture": "public_id",
    "payments.void": "public_id",
    "payments.refund": "public_id",
    "payments.dispute": "public_id",
    "payments.decision": "public_id",
    "payments.break": "public_id",
    "payments.payout": "public_id",
}


class StoryLinked(ModelAdmin):  # type: ignore[misc]  # django-unfold's classes have no types
    """Mixed into the admin of each of these (config/staff/site.py)."""

    def has_story_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whether somebody may see every part of a story."""
        return may_see(request)

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer it beside what else may be done, also where that is nothing."""
        ours = self.get_unfold_action("story")
        others = [
            each for each in super().get_actions_detail(request, object_id) if each.action_name != ours.action_name
        ]
        return [*others, *self._filter_unfold_actions_by_permissions(request, [ours], object_id)]

    @action(description="Story", url_path="story", permissions=["story"])  # type: ignore[untyped-decorator]  # unfold's
    def story(self, _request: HttpRequest, object_id: str) -> HttpResponseRedirect:
        """Lead to it."""
        row = get_object_or_404(self.model, pk=object_id)
        words = getattr(row, FOUND_BY[self.opts.label_lower])
        return HttpResponseRedirect(f"{reverse('admin:story')}?{urlencode({'q': words})}")


def is_linked(*models: type[Model]) -> bool:
    """Whether rows of these models are parts of stories."""
    return all(model._meta.label_lower in FOUND_BY for model in models)  # noqa: SLF001 - Django's documented name
