"""The change feeds of this database, and how far each is behind."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from exactly_once.changefeed.lag import slots
from exactly_once.models import ChangeFeed
from exactly_once.read_only import ReadOnly


@admin.register(ChangeFeed)
class ChangeFeedAdmin(ReadOnly, ModelAdmin):
    """Feeds: ``manage.py changefeed`` starts and drops them."""

    when_empty = "No feed is started: manage.py changefeed does."
    list_display = ("slot", "lag", "started_at", "epoch")
    search_fields = ("slot",)
    fields = ("slot", "lag", "epoch", "system", "started_at")
    readonly_fields = ("lag",)

    @admin.display(description="behind")
    def lag(self, feed: ChangeFeed) -> str:
        """Return the bytes that its sink has not had, or that they are lost."""
        slot = slots().get(feed.slot)
        if slot is None:
            return "no slot"
        return slot.trouble or f"{slot.lag_bytes} bytes"
