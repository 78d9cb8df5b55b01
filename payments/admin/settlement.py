"""What PSPs settle, line by line, and what each payout consists of."""

from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action

from exactly_once.read_only import ReadOnly
from payments.admin.payout_proof import proof_page
from payments.models import Payout, SettlementImport, SettlementLine
from payments.payout_lines import payout_lines


@admin.register(SettlementLine)
class SettlementLineAdmin(ReadOnly, ModelAdmin):
    """Lines, the newest first."""

    when_empty = "Lines come here when a PSP settles: its accounts are read in the background, or a file is uploaded."
    list_display = (
        "line_id",
        "kind",
        "state",
        "gross_minor",
        "fee_minor",
        "net_minor",
        "currency",
        "psp_reference",
        "payout_reference",
        "occurred_at",
    )
    list_filter = ("state", "kind", "psp", "currency", ("finding", admin.EmptyFieldListFilter))
    search_fields = ("line_id", "psp_reference", "payment_reference", "payout_reference", "our_id")
    date_hierarchy = "occurred_at"
    ordering = ("-pk",)
    raw_id_fields = ("capture", "refund", "dispute", "payout", "finding")

    def lookup_allowed(self, lookup: str, value: str, request: object = None) -> bool:
        """Let a payout's page link to its lines."""
        return lookup in {"payout_reference", "psp_account"} or super().lookup_allowed(lookup, value, request)


@admin.register(SettlementImport)
class SettlementImportAdmin(ReadOnly, ModelAdmin):
    """How far each account's settlement is read, and why not further."""

    when_empty = "An account comes here when its settlement is read for the first time."
    list_display = ("psp", "psp_account", "since", "read_at", "failed_at", "failure")
    list_filter = ("psp",)
    search_fields = ("psp", "psp_account", "failure")


@admin.register(Payout)
class PayoutAdmin(ReadOnly, ModelAdmin):
    """Money on its way to our bank account."""

    when_empty = "A payout comes here when a PSP sends money to our bank, as its webhook or settlement tells."
    list_display = ("public_id", "psp", "state", "amount_minor", "currency", "arrives_on", "psp_reference")
    list_filter = ("state", "psp", "currency")
    search_fields = ("public_id", "psp_reference")
    date_hierarchy = "created_at"
    readonly_fields = ("consists_of",)
    actions_detail = ("proof",)

    @action(description="Proof", url_path="proof", permissions=["view"])  # type: ignore[untyped-decorator]  # unfold's
    def proof(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """Answer with the payout's proof."""
        return proof_page(request, object_id, opts=self.opts)

    @admin.display(description="Consists of")
    def consists_of(self, payout: Payout) -> str:
        """Show that the payout is what its lines come to, or by how much it is not."""
        lines = payout_lines(payout=payout)
        if lines is None:
            return "No line of it is known yet."
        of = {"psp": payout.psp, "psp_account": payout.psp_account, "payout_reference": payout.psp_reference}
        address = f"{reverse('admin:payments_settlementline_changelist')}?{urlencode(of)}"
        kinds = format_html_join(", ", "{} {}", ((kind, net) for kind, net in lines.by_kind.items()))
        return format_html(
            '<a href="{}">{} lines</a>: {} less {} fees are {} ({}); unexplained: {}',
            *(address, lines.count, lines.gross, lines.fees, lines.net, kinds, lines.unexplained),
        )
