"""The ledger's read API."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.api.pagination import KeysetPagination
from ledger import queries
from ledger.api.serializers import (
    AccountSerializer,
    BalanceSerializer,
    EntrySerializer,
    TransactionSerializer,
)

_BOOK = OpenApiParameter("book", str, description="The code of a book.")


class LatestVersionFirst(KeysetPagination):
    """An account's history, the latest entry first."""

    ordering = "-account_version"


class AccountListView(GenericAPIView[Any]):
    """Accounts."""

    required_scope = "ledger:read"
    pagination_class = KeysetPagination
    serializer_class = AccountSerializer

    @extend_schema(operation_id="ledger_accounts_list", parameters=[_BOOK])
    def get(self, request: Request) -> Response:
        """List the accounts of a book, or of all books."""
        page = self.paginate_queryset(queries.accounts(book=request.query_params.get("book"))) or []
        return self.get_paginated_response(AccountSerializer(page, many=True).data)


class AccountView(APIView):
    """One account."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_accounts_read", responses=AccountSerializer)
    def get(self, _request: Request, account_id: str) -> Response:
        """Read an account."""
        return Response(AccountSerializer(queries.account(public_id=account_id)).data)


class BalanceView(APIView):
    """An account's balance."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_accounts_balance", responses=BalanceSerializer)
    def get(self, _request: Request, account_id: str) -> Response:
        """Read what an account holds now."""
        found = queries.account(public_id=account_id)
        return Response(BalanceSerializer(queries.balance_of(found)).data)


class EntryListView(GenericAPIView[Any]):
    """An account's entries."""

    required_scope = "ledger:read"
    pagination_class = LatestVersionFirst
    serializer_class = EntrySerializer

    @extend_schema(operation_id="ledger_accounts_entries")
    def get(self, _request: Request, account_id: str) -> Response:
        """List an account's entries, the latest first, each with the balance after it."""
        found = queries.account(public_id=account_id)
        page = self.paginate_queryset(queries.entries(account_id=found.pk)) or []
        return self.get_paginated_response(EntrySerializer(page, many=True).data)


class TransactionView(APIView):
    """One transaction."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_transactions_read", responses=TransactionSerializer)
    def get(self, _request: Request, transaction_id: str) -> Response:
        """Read a transaction with its entries."""
        return Response(TransactionSerializer(queries.transaction(public_id=transaction_id)).data)
