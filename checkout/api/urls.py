"""Addresses of the checkout API, below /api/v1/."""

from django.urls import path

from checkout.api import views

urlpatterns = [
    path("products", views.ProductListView.as_view(), name="products"),
    path("products/<str:product_id>", views.ProductView.as_view(), name="product"),
    path("checkout-sessions", views.SessionListView.as_view(), name="checkout-sessions"),
    path("checkout-sessions/<str:session_id>", views.SessionView.as_view(), name="checkout-session"),
    path(
        "checkout-sessions/<str:session_id>/complete",
        views.CompleteSessionView.as_view(),
        name="checkout-session-complete",
    ),
    path(
        "checkout-sessions/<str:session_id>/cancel",
        views.CancelSessionView.as_view(),
        name="checkout-session-cancel",
    ),
    path("orders", views.OrderListView.as_view(), name="orders"),
    path("orders/<str:order_id>", views.OrderView.as_view(), name="order"),
]
