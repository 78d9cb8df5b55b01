"""The ledger's read API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exactly_once.api.pagination import KeysetPagination
from ledger import queries
from ledger.api import filters
from ledger.api.pages import EntryPages, TransactionPages
from ledger.api.report_serializers import ProofSchema
from ledger.api.serializers import (
    AccountSerializer,
    BalanceSerializer,
    BookSerializer,
    EntrySerializer,
    TransactionSerializer,
)
from ledger.entry_pages import entries_page
from ledger.proof import prove


class BookView(APIView):
    """One book."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_books_read", responses=BookSerializer)
    def get(self, _request: Request, book: str) -> Response:
        """Read a book."""
        return Response(BookSerializer(queries.book(code=book)).data)


class AccountListView(GenericAPIView[Any]):
    """Accounts."""

    required_scope = "ledger:read"
    pagination_class = KeysetPagination
    serializer_class = AccountSerializer

    @extend_schema(
        operation_id="ledger_accounts_list", parameters=filters.ACCOUNTS, responses=AccountSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """List the accounts of a book, or of all books."""
        page = self.paginate_queryset(filters.accounts(request.query_params)) or []
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
    pagination_class = EntryPages
    serializer_class = EntrySerializer

    @extend_schema(
        operation_id="ledger_accounts_entries", parameters=filters.ENTRIES, responses=EntrySerializer(many=True)
    )
    def get(self, request: Request, account_id: str) -> Response:
        """List an account's entries, the latest first, each with the balance of its stripe after it."""
        found, wanted = queries.account(public_id=account_id), filters.entries(request.query_params)
        pages = EntryPages()
        page = pages.read(
            request,
            lambda before, limit: entries_page(account=found, wanted=wanted, limit=limit, before=before),
        )
        return pages.get_paginated_response(list(EntrySerializer(page, many=True).data))


class TransactionListView(GenericAPIView[Any]):
    """Transactions."""

    required_scope = "ledger:read"
    pagination_class = TransactionPages
    serializer_class = TransactionSerializer

    @extend_schema(
        operation_id="ledger_transactions_list",
        parameters=filters.TRANSACTIONS,
        responses=TransactionSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """List transactions, the latest first; metadata.KEY=value finds them by metadata."""
        page = self.paginate_queryset(filters.transactions(request.query_params)) or []
        return self.get_paginated_response(TransactionSerializer(queries.with_entries(page), many=True).data)


class ProofView(APIView):
    """A transaction's inclusion proof."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_transactions_proof", responses=ProofSchema)
    def get(self, _request: Request, transaction_id: str) -> Response:
        """Read the proof that a transaction is sealed; scripts/check_proof.py checks it without Tally."""
        return Response(prove(public_id=transaction_id))


class TransactionView(APIView):
    """One transaction."""

    required_scope = "ledger:read"

    @extend_schema(operation_id="ledger_transactions_read", responses=TransactionSerializer)
    def get(self, _request: Request, transaction_id: str) -> Response:
        """Read a transaction with its entries."""
        return Response(TransactionSerializer(queries.transaction(public_id=transaction_id)).data)
