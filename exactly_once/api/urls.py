"""Addresses of the event entrance and of outgoing webhooks, below /api/v1/."""

from django.urls import path

from exactly_once.api import event_views, webhook_delivery_views, webhook_views

urlpatterns = [
    path("events/<slug:source>", event_views.EventView.as_view(), name="event"),
    path("events/<slug:source>/batch", event_views.EventBatchView.as_view(), name="event-batch"),
    path("event-sources", event_views.SourceListView.as_view(), name="event-sources"),
    path("event-sources/<slug:source>", event_views.SourceView.as_view(), name="event-source"),
    path("webhook-endpoints", webhook_views.EndpointListView.as_view(), name="webhook-endpoints"),
    path("webhook-endpoints/<slug:endpoint_id>", webhook_views.EndpointView.as_view(), name="webhook-endpoint"),
    path(
        "webhook-endpoints/<slug:endpoint_id>/rotate-secret",
        webhook_views.RotateSecretView.as_view(),
        name="webhook-endpoint-rotate-secret",
    ),
    path("webhook-endpoints/<slug:endpoint_id>/test", webhook_views.TestView.as_view(), name="webhook-endpoint-test"),
    path(
        "webhook-endpoints/<slug:endpoint_id>/deliveries",
        webhook_delivery_views.DeliveryListView.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "webhook-endpoints/<slug:endpoint_id>/deliveries/<uuid:event_id>/resend",
        webhook_delivery_views.ResendView.as_view(),
        name="webhook-delivery-resend",
    ),
    path(
        "webhook-endpoints/<slug:endpoint_id>/resend-dead",
        webhook_delivery_views.ResendDeadView.as_view(),
        name="webhook-endpoint-resend-dead",
    ),
]
