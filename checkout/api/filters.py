"""What the lists of checkout can be narrowed by."""

from datetime import datetime

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter

from checkout import queries
from checkout.models import CheckoutSession
from checkout.states import SessionState
from exactly_once.api import filters

SESSION_FILTERS = [
    OpenApiParameter("state", str, enum=[str(state) for state in SessionState]),
    OpenApiParameter("customer", str, description="Your own name for the buyer."),
    OpenApiParameter("created_from", datetime),
    OpenApiParameter("created_before", datetime),
]


def sessions_asked_for(asked: QueryDict, *, client: str) -> QuerySet[CheckoutSession]:
    """Return the client's sessions that the query asks for.

    :raises InvalidInput: ``unknown_choice`` or ``not_a_time``, naming the parameter.
    """
    found = queries.sessions(client=client)
    if "state" in asked:
        found = found.filter(state=filters.one_of(asked, "state", {str(state): state for state in SessionState}))
    if "customer" in asked:
        found = found.filter(customer=asked["customer"])
    if "created_from" in asked:
        found = found.filter(created_at__gte=filters.time(asked, "created_from"))
    if "created_before" in asked:
        found = found.filter(created_at__lt=filters.time(asked, "created_before"))
    return found
