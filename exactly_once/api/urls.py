"""Addresses of the event entrance, below /api/v1/."""

from django.urls import path

from exactly_once.api import event_views

urlpatterns = [
    path("events/<slug:source>", event_views.EventView.as_view(), name="event"),
    path("events/<slug:source>/batch", event_views.EventBatchView.as_view(), name="event-batch"),
    path("event-sources", event_views.SourceListView.as_view(), name="event-sources"),
    path("event-sources/<slug:source>", event_views.SourceView.as_view(), name="event-source"),
]
