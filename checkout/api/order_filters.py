"""What the list of orders can be narrowed by."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from checkout import queries
from checkout.models import Order
from checkout.states import OrderState
from exactly_once.api import filters

ORDER_FILTERS = [
    OpenApiParameter("state", str, enum=[str(state) for state in OrderState]),
    OpenApiParameter("customer", str, description="Your own name for the buyer."),
    OpenApiParameter("buyer_email", str, description="In whatever letters."),
    OpenApiParameter("sku", str, description="Those that have a line of it."),
    OpenApiParameter("created_from", datetime),
    OpenApiParameter("created_before", datetime),
]


def orders_asked_for(asked: QueryDict, *, client: str) -> QuerySet[Order]:
    """Return the client's orders that the query asks for.

    :raises InvalidInput: ``unknown_choice`` or ``not_a_time``, naming the parameter.
    """
    found = queries.orders(client=client)
    if "state" in asked:
        found = found.filter(state=filters.one_of(asked, "state", {str(state): state for state in OrderState}))
    if "customer" in asked:
        found = found.filter(customer=asked["customer"])
    if "buyer_email" in asked:
        found = found.filter(buyer_email__iexact=asked["buyer_email"])
    if "sku" in asked:
        found = found.filter(pk__in=queries.orders_with_sku(sku=str(asked["sku"])))
    if "created_from" in asked:
        found = found.filter(created_at__gte=filters.time(asked, "created_from"))
    if "created_before" in asked:
        found = found.filter(created_at__lt=filters.time(asked, "created_before"))
    return found
