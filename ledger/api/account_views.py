"""Opening and changing books and accounts."""

from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from exactly_once.api.idempotency import IdempotentAPIView
from exactly_once.api.serializers import validated
from exactly_once.keys import StoredResponse
from exactly_once.responses import json_response
from ledger import accounts, queries
from ledger.accounts import AccountSpec
from ledger.api import write_serializers as bodies
from ledger.api.kept_books import writable
from ledger.api.serializers import AccountSerializer, BookSerializer
from ledger.close_period import close_period_once
from ledger.errors import PostingRefused
from ledger.models import Account


class BookView(IdempotentAPIView):
    """Books."""

    required_scope = "ledger:write"

    @extend_schema(operation_id="ledger_books_open", request=bodies.BookBody, responses={201: BookSerializer})
    def post(self, request: Request) -> HttpResponse:
        """Open a book; one of this code that is open already stays as it is, and is the answer."""
        body = validated(bodies.BookBody, request).validated_data

        def work(now: datetime) -> StoredResponse:
            accounts.open_book(code=body["code"], name=body["name"], now=now)
            found = BookSerializer(queries.book(code=body["code"])).data
            return json_response(201, found, location=reverse("ledger-book", args=[body["code"]]))

        return self.respond(request, self.in_one_transaction(work))


class OpenAccountView(IdempotentAPIView):
    """A book's accounts."""

    required_scope = "ledger:write"

    @extend_schema(operation_id="ledger_accounts_open", request=bodies.AccountBody, responses={201: AccountSerializer})
    def post(self, request: Request, book: str) -> HttpResponse:
        """Open an account; the same one that is open already stays as it is, and is the answer."""
        spec = AccountSpec(**validated(bodies.AccountBody, request).validated_data)

        def work(_now: datetime) -> StoredResponse:
            queries.book(code=writable(book))
            accounts.ensure_accounts(book=book, accounts=[spec])
            found = queries.accounts(book=book).get(code=spec.code, currency=spec.currency)
            if (found.type, found.normal_side) != (spec.type, spec.normal_side):
                raise PostingRefused(
                    code="account_differs",
                    detail=f"{spec.code} in {spec.currency} is a {found.type} account, normally {found.normal_side}.",
                )
            address = reverse("ledger-account", args=[found.public_id])
            return json_response(201, AccountSerializer(found).data, location=address)

        return self.respond(request, self.in_one_transaction(work))


class AccountActionView(IdempotentAPIView):
    """What changes an account."""

    required_scope = "ledger:write"

    def change(self, request: Request, account_id: str, change: Callable[[Account, datetime], None]) -> HttpResponse:
        """Change the account, and answer with it."""
        found = queries.account(public_id=account_id)

        def work(now: datetime) -> StoredResponse:
            change(found, now)
            return json_response(200, AccountSerializer(queries.account(public_id=account_id)).data)

        return self.respond(request, self.in_one_transaction(work))


class CloseAccountView(AccountActionView):
    """Close an account."""

    @extend_schema(operation_id="ledger_accounts_close", request=bodies.EmptyBody, responses={200: AccountSerializer})
    def post(self, request: Request, account_id: str) -> HttpResponse:
        """Close an account: it keeps its history and takes no more entries."""
        validated(bodies.EmptyBody, request)
        return self.change(
            request,
            account_id,
            lambda row, now: accounts.close_account(
                book=writable(row.book.code), code=row.code, currency=row.currency, now=now
            ),
        )


class LimitsView(AccountActionView):
    """An account's limits."""

    @extend_schema(operation_id="ledger_accounts_limits", request=bodies.LimitsBody, responses={200: AccountSerializer})
    def post(self, request: Request, account_id: str) -> HttpResponse:
        """Set the least and the most that an account may hold."""
        limits = validated(bodies.LimitsBody, request).validated_data
        return self.change(
            request,
            account_id,
            lambda row, _now: accounts.set_limits(
                book=writable(row.book.code), code=row.code, currency=row.currency, **limits
            ),
        )


class StripesView(AccountActionView):
    """An account's stripes."""

    @extend_schema(
        operation_id="ledger_accounts_stripes", request=bodies.StripesBody, responses={200: AccountSerializer}
    )
    def post(self, request: Request, account_id: str) -> HttpResponse:
        """Spread a hot account over more balance rows."""
        stripes = validated(bodies.StripesBody, request).validated_data["stripes"]
        return self.change(
            request,
            account_id,
            lambda row, _now: accounts.raise_stripes(
                book=row.book.code, code=row.code, currency=row.currency, stripes=stripes
            ),
        )


class ClosePeriodView(IdempotentAPIView):
    """A book's past."""

    required_scope = "ledger:write"

    @extend_schema(
        operation_id="ledger_books_close_period",
        request=bodies.ClosePeriodBody,
        responses={200: bodies.ClosePeriodBody},
    )
    def post(self, request: Request, book: str) -> HttpResponse:
        """Close what is dated before a moment; what comes late counts from then on and cites its date."""
        open_from = validated(bodies.ClosePeriodBody, request).validated_data["open_from"]
        return self.respond(
            request,
            lambda keyed, now: close_period_once(
                keyed=keyed, book=book, open_from=open_from, now=now, refuse=self.refuse
            ),
        )
