"""What banks and PSPs decide, to read: disputes and payouts."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.api.idempotency import caller
from exactly_once.api.pagination import NewestFirst
from payments import queries
from payments.api import schemas
from payments.representation import dispute_body, payout_body


class DisputeListView(GenericAPIView[Any]):
    """Disputes."""

    required_scope = "payments"
    pagination_class = NewestFirst
    serializer_class = schemas.DisputeSchema

    @extend_schema(operation_id="disputes_list", responses=schemas.DisputeSchema(many=True))
    def get(self, request: Request) -> Response:
        """List the disputes of the client's payments, the newest first."""
        page = self.paginate_queryset(queries.disputes(client=caller(request))) or []
        return self.get_paginated_response([dispute_body(dispute) for dispute in page])


class DisputeView(APIView):
    """One dispute."""

    required_scope = "payments"

    @extend_schema(operation_id="disputes_read", responses=schemas.DisputeSchema)
    def get(self, request: Request, dispute_id: str) -> Response:
        """Read a dispute."""
        return Response(queries.dispute_for_client(dispute_id=dispute_id, client=caller(request)))


class PayoutListView(GenericAPIView[Any]):
    """Payouts. They belong to the book, not to a client: the ledger's scope reads them."""

    required_scope = "ledger:read"
    pagination_class = NewestFirst
    serializer_class = schemas.PayoutSchema

    @extend_schema(operation_id="payouts_list", responses=schemas.PayoutSchema(many=True))
    def get(self, _request: Request) -> Response:
        """List payouts, the newest first."""
        page = self.paginate_queryset(queries.payouts()) or []
        return self.get_paginated_response([payout_body(payout) for payout in page])


class PayoutView(APIView):
    """One payout."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="payouts_read", responses=schemas.PayoutWithLinesSchema)
    def get(self, _request: Request, payout_id: str) -> Response:
        """Read a payout."""
        return Response(queries.payout(payout_id=payout_id))
