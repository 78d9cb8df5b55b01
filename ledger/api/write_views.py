"""Writing transactions: post, post many, settle, void, reverse. Accounts and books are in account_views.py."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from exactly_once.api.bodies import Readable, read_ijson
from exactly_once.api.idempotency import IdempotentAPIView, Perform
from exactly_once.api.serializers import validated
from exactly_once.errors import FieldError, InvalidInput
from exactly_once.keys import KeyedRequest, StoredResponse
from exactly_once.responses import json_response
from ledger import journal, queries, resolve
from ledger.admission import admitted
from ledger.api import write_serializers as bodies
from ledger.api.drafts import draft_of, drafts_of, entries_of, named
from ledger.api.kept_books import writable
from ledger.api.serializers import BalanceSerializer, PostedSerializer, TransactionSerializer
from ledger.drafts import TransactionDraft
from ledger.journal import PostedTransaction, RefusedTransaction
from ledger.preview import Preview, preview

_POSTED = {201: PostedSerializer, 200: PostedSerializer}


class PostView(IdempotentAPIView):
    """A book's transactions."""

    required_scope = "ledger:write"

    @extend_schema(
        operation_id="ledger_transactions_post",
        request=bodies.TransactionBody,
        responses=_POSTED,
    )
    def post(self, request: Request, book: str) -> HttpResponse:
        """Post a transaction, or a hold; the same reference with the same contents is posted once."""
        draft = draft_of(request.data)
        return self.respond(
            request, self.in_one_transaction(lambda _now: answer(journal.post(book=writable(book), drafts=draft)[0]))
        )


class BatchParser(BaseParser):
    """JSON as everywhere, with room for 10,000 transactions.

    No JSONParser: those get a body that Django has measured with its own, shorter limit.
    """

    media_type = "application/json"

    def parse(
        self, stream: Readable, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the body.

        :raises ParseError: it is not I-JSON.
        :raises BodyTooLarge: it is longer than LEDGER_BATCH_MAX_BYTES.
        """
        return read_ijson(stream, limit_bytes=settings.LEDGER_BATCH_MAX_BYTES)


class BatchView(IdempotentAPIView):
    """Many transactions at once."""

    required_scope = "ledger:write"
    parser_classes = (BatchParser,)

    @extend_schema(
        operation_id="ledger_transactions_batch",
        request=bodies.BatchBody,
        responses={200: bodies.BatchResult},
    )
    def post(self, request: Request, book: str) -> HttpResponse:
        """Post up to 10,000 transactions, all or none or item by item; or show what that would do."""
        mode, dry_run, drafts = _batch(request)
        each = mode == "per_item"

        def post(_now: datetime) -> StoredResponse:
            if each:
                return _results(journal.post_each(book=writable(book), drafts=drafts))
            return _results(journal.post(book=writable(book), drafts=drafts))

        perform = self.in_one_transaction(post)
        if dry_run:
            perform = _showing(lambda: preview(book=writable(book), drafts=drafts, each=each))
        return self.respond(request, _admitted(perform))


class ResolveView(IdempotentAPIView):
    """What acts on a transaction: the address says which."""

    required_scope = "ledger:write"
    target = "hold"  # what the verb calls what it acts on

    def act(
        self, request: Request, transaction_id: str, verb: Callable[..., PostedTransaction], **more: Any
    ) -> HttpResponse:
        """Call the verb on the transaction, once."""
        found = queries.transaction(public_id=transaction_id)

        def work(_now: datetime) -> StoredResponse:
            with named():
                return answer(verb(book=writable(found.book.code), **{self.target: found.reference}, **more))

        return self.respond(request, self.in_one_transaction(work))


class SettleView(ResolveView):
    """Settle a hold."""

    @extend_schema(
        operation_id="ledger_holds_settle",
        request=bodies.SettleBody,
        responses=_POSTED,
    )
    def post(self, request: Request, transaction_id: str) -> HttpResponse:
        """Post what a hold promised: all that is left, or a part; the rest is released, or kept for more."""
        body = validated(bodies.SettleBody, request).validated_data
        return self.act(
            request,
            transaction_id,
            resolve.settle,
            reference=body["reference"],
            effective_at=body["effective_at"],
            entries=entries_of(dict(request.data)),
            keep_rest=body.get("keep_rest", False),
        )


class VoidView(ResolveView):
    """Void a hold."""

    @extend_schema(
        operation_id="ledger_holds_void",
        request=bodies.VoidBody,
        responses=_POSTED,
    )
    def post(self, request: Request, transaction_id: str) -> HttpResponse:
        """End a hold without posting anything."""
        body = validated(bodies.VoidBody, request).validated_data
        return self.act(request, transaction_id, resolve.void, **body)


class ReverseView(ResolveView):
    """Reverse a transaction."""

    target = "target"

    @extend_schema(
        operation_id="ledger_transactions_reverse",
        request=bodies.ReverseBody,
        responses=_POSTED,
    )
    def post(self, request: Request, transaction_id: str) -> HttpResponse:
        """Take a transaction back, in full or in part, by another one."""
        body = validated(bodies.ReverseBody, request).validated_data
        return self.act(
            request,
            transaction_id,
            resolve.reverse,
            reference=body["reference"],
            effective_at=body["effective_at"],
            entries=entries_of(dict(request.data)),
        )


def answer(posted: PostedTransaction) -> StoredResponse:
    """Return a posted transaction as the API shows it: 201, or 200 where the reference had been posted before."""
    found = queries.transaction(public_id=posted.public_id)
    return json_response(
        200 if posted.replayed else 201,
        {**TransactionSerializer(found).data, "replayed": posted.replayed},
        location=reverse("ledger-transaction", args=[posted.public_id]),
    )


def _batch(request: Request) -> tuple[str, bool, list[TransactionDraft]]:
    body = request.data if isinstance(request.data, dict) else {}
    wrong = [
        FieldError(f"/{name}", "unknown_field", "No such field is known here.")
        for name in sorted(body.keys() - {"mode", "dry_run", "transactions"})[:100]
    ]
    if body.get("mode") not in ("all_or_nothing", "per_item"):
        wrong.append(FieldError("/mode", "invalid_choice", "One of all_or_nothing, per_item is expected."))
    if type(body.get("dry_run", False)) is not bool:
        wrong.append(FieldError("/dry_run", "invalid", "True or false is expected."))
    if wrong:
        raise InvalidInput(code="invalid_input", detail="The request breaks a rule; see errors.", fields=tuple(wrong))
    return str(body["mode"]), bool(body.get("dry_run", False)), drafts_of(body)


def _admitted(perform: Perform) -> Perform:
    def waiting(keyed: KeyedRequest, now: datetime) -> StoredResponse:
        with admitted():
            return perform(keyed, now)

    return waiting


def _showing(show: Callable[[], Preview]) -> Perform:
    def perform(_keyed: KeyedRequest, _now: datetime) -> StoredResponse:
        shown = show()
        return _results(shown.results, dry_run=True, balances=list(BalanceSerializer(shown.balances, many=True).data))

    return perform


def _results(
    results: Sequence[PostedTransaction | RefusedTransaction], *, dry_run: bool = False, balances: Sequence[Any] = ()
) -> StoredResponse:
    rows = [_result(result, dry_run=dry_run) for result in results]
    return json_response(200, {"dry_run": dry_run, "results": rows, "balances": list(balances)})


def _result(result: PostedTransaction | RefusedTransaction, *, dry_run: bool) -> dict[str, Any]:
    if isinstance(result, RefusedTransaction):
        refusal = result.refusal
        named = {"outcome": "refused", "id": None, "code": refusal.code, "detail": refusal.detail}
    else:
        outcome = "replayed" if result.replayed else "posted"
        # What a dry run posts is gone with its id.
        known = None if dry_run and not result.replayed else result.public_id
        named = {"outcome": outcome, "id": known, "code": None, "detail": None}
    return {"reference": result.reference, **named}
