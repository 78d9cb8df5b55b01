"""A payout's proof as a page, on paper, and as a file for spreadsheets."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from ledger.interchange.csv_format import guarded
from ledger.money import Money, exponent
from payments.models import Payout
from payments.payout_proof import Proof, payout_proof


def proof_page(request: HttpRequest, object_id: int, *, opts: object) -> HttpResponseBase:
    """Answer with the proof: ``?print`` for paper, ``?csv`` as a file."""
    payout = get_object_or_404(Payout, pk=object_id)
    proof = payout_proof(payout=payout)
    if proof is not None and "csv" in request.GET:
        return _file(proof)
    context = {
        **admin.site.each_context(request),
        "title": f"Proof of the payout {payout.psp_reference}",
        "opts": opts,
        "payout": payout,
        "proof": proof,
        "made_at": datetime.now(UTC),
        "back": reverse("admin:payments_payout_change", args=[payout.pk]),
    }
    template = "admin/payments/proof_print.html" if "print" in request.GET else "admin/payments/proof.html"
    return TemplateResponse(request, template, context)


def _file(proof: Proof) -> HttpResponse:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="proof-{proof.payout.public_id}.csv"'
    writer = csv.writer(answer)
    writer.writerow(("what", "psp", "books", "difference", "currency", "detail"))
    for row in _rows(proof):
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return answer


def _rows(proof: Proof) -> Iterator[tuple[object, ...]]:
    currency = proof.closing.currency
    yield ("Opening receivable", _Major(proof.opening), "", "", currency, f"{proof.since or 'the beginning'}")
    for each in proof.movements:
        sums = (_Major(each.told), _Major(each.booked), _Major(each.difference))
        yield (each.name, *sums, currency, "")
    yield ("Closing receivable", _Major(proof.closing), "", "", currency, f"{proof.until}")
    for named in proof.breaks:
        said = f"{named.public_id}, {named.kind}, {named.state}: {named.detail}"
        yield ("Break", "", "", _Major(named.money), named.money.currency, said)
    detail = f"{proof.new_lines} lines are not compared yet" if proof.new_lines else ""
    yield ("Unexplained", "", "", _Major(proof.unexplained), currency, detail)


class _Major:
    """An amount in a currency's main unit, as a spreadsheet takes it for a number: below zero it is no formula."""

    def __init__(self, money: Money) -> None:
        self._money = money

    def __str__(self) -> str:
        places = exponent(self._money.currency)
        whole, fraction = divmod(abs(self._money.amount_minor), 10**places)
        sign = "-" if self._money.amount_minor < 0 else ""
        return f"{sign}{whole}" + (f".{fraction:0{places}d}" if places else "")
