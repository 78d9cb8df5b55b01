"""Addresses of the checkout API, below /api/v1/.

Ids are slugs: what no id can be (a NUL, which PostgreSQL does not take) is no address at all.
"""

from django.urls import path

from checkout.api import cart_views, catalog_views, order_views, views

urlpatterns = [
    path("products", catalog_views.ProductListView.as_view(), name="products"),
    path("products/<slug:product_id>", catalog_views.ProductView.as_view(), name="product"),
    path("carts", cart_views.CartListView.as_view(), name="carts"),
    path("carts/<slug:cart_id>", cart_views.CartView.as_view(), name="cart"),
    path("carts/<slug:cart_id>/lines", cart_views.CartLineListView.as_view(), name="cart-lines"),
    path("carts/<slug:cart_id>/lines/<path:sku>", cart_views.CartLineView.as_view(), name="cart-line"),
    path("carts/<slug:cart_id>/merge", cart_views.MergeCartView.as_view(), name="cart-merge"),
    path("checkout-sessions", views.SessionListView.as_view(), name="checkout-sessions"),
    path("checkout-sessions/<slug:session_id>", views.SessionView.as_view(), name="checkout-session"),
    path(
        "checkout-sessions/<slug:session_id>/complete",
        views.CompleteSessionView.as_view(),
        name="checkout-session-complete",
    ),
    path(
        "checkout-sessions/<slug:session_id>/cancel",
        views.CancelSessionView.as_view(),
        name="checkout-session-cancel",
    ),
    path("orders", order_views.OrderListView.as_view(), name="orders"),
    path("orders/<slug:order_id>", order_views.OrderView.as_view(), name="order"),
    path("orders/<slug:order_id>/shipments", order_views.ShipmentListView.as_view(), name="order-shipments"),
    path("orders/<slug:order_id>/cancel", order_views.CancelOrderView.as_view(), name="order-cancel"),
    path("orders/<slug:order_id>/returns", order_views.ReturnListView.as_view(), name="order-returns"),
]
