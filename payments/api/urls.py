"""Addresses of the payments API, below /api/v1/. Ids are slugs: what no id can be is no address at all."""

from django.urls import path

from payments.api import settlement_views, views

urlpatterns = [
    path("payment-intents", views.IntentListView.as_view(), name="payment-intents"),
    path("payment-intents/<slug:intent_id>", views.IntentView.as_view(), name="payment-intent"),
    path("payment-intents/<slug:intent_id>/confirm", views.ConfirmIntentView.as_view(), name="payment-intent-confirm"),
    path("payment-intents/<slug:intent_id>/capture", views.CaptureIntentView.as_view(), name="payment-intent-capture"),
    path("payment-intents/<slug:intent_id>/cancel", views.CancelIntentView.as_view(), name="payment-intent-cancel"),
    path("captures", views.CaptureListView.as_view(), name="captures"),
    path("captures/<slug:capture_id>", views.CaptureView.as_view(), name="capture"),
    path("disputes", settlement_views.DisputeListView.as_view(), name="disputes"),
    path("disputes/<slug:dispute_id>", settlement_views.DisputeView.as_view(), name="dispute"),
    path("payouts", settlement_views.PayoutListView.as_view(), name="payouts"),
    path("payouts/<slug:payout_id>", settlement_views.PayoutView.as_view(), name="payout"),
    path("refunds", views.RefundListView.as_view(), name="refunds"),
    path("refunds/<slug:refund_id>", views.RefundView.as_view(), name="refund"),
]
