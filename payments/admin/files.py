"""Files that people upload: what became of each, which of its rows are bad, and why."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin
from unfold.decorators import action
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from exactly_once.read_only import ReadOnly
from exactly_once.wake import wake
from payments.admin.deed import Deed, DeedForm, ask
from payments.admin.labels import labelled
from payments.models import CsvMapping, FileContent, FileImport, FileRow
from payments.receive_file import Upload, receive_file
from payments.states import FileKind, FileState

LABELS = {"received": "info", "read": "info", "refused": "danger", "applied": "success"}
KIND_WORDS = {
    FileKind.ADYEN_SETTLEMENT: "Adyen, settlement details report (CSV)",
    FileKind.CAMT053: "Bank statement, camt.053 (XML)",
    FileKind.BANK_CSV: "Bank statement, CSV by a mapping",
}
BAD_ROWS_SHOWN = 100


class UploadForm(DeedForm):
    """A file, and what it is."""

    kind = forms.ChoiceField(
        choices=[(str(kind), words) for kind, words in KIND_WORDS.items()],
        widget=UnfoldAdminSelectWidget,
        label="What it is",
    )
    account = forms.ChoiceField(widget=UnfoldAdminSelectWidget, label="Account, at the PSP or the bank")
    mapping = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, label="CSV mapping, for a bank's CSV")
    file = forms.FileField(widget=UnfoldAdminFileFieldWidget, label="File")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = sorted({*settings.BANK_ACCOUNTS, *settings.PSP_ACCOUNTS.get("adyen", {})})
        mappings = CsvMapping.objects.order_by("name").values_list("name", flat=True)
        for field, choices in (("account", names), ("mapping", ["", *mappings])):
            self.fields[field].choices = [(name, name or "-") for name in choices]  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        """Refuse one that is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_FILE_MAX_BYTES:
            raise forms.ValidationError(f"A file has at most {settings.IMPORT_FILE_MAX_BYTES} bytes.")
        return file

    def upload(self) -> Upload:
        """Return what was uploaded."""
        told = self.cleaned_data
        return Upload(FileKind(told["kind"]), told["account"], told["file"].name, told["file"].read(), told["mapping"])


@admin.register(FileImport)
class FileImportAdmin(ReadOnly, ModelAdmin):
    """Imports, the newest first."""

    when_empty = "No file is uploaded yet: settlement reports and bank statements come in by 'Upload ...'."
    list_display = ("name", "kind", "account", "stands", "progress", "rows_bad", "uploaded_by", "uploaded_at")
    list_filter = ("state", "kind", "account", "uploaded_by")
    list_before_template = "admin/payments/files_hint.html"
    search_fields = ("public_id", "name", "sha256", "of_account")
    date_hierarchy = "uploaded_at"
    ordering = ("-uploaded_at",)
    exclude = ("operation",)
    readonly_fields = ("stands", "progress", "bad_rows", "rows_link")
    actions_list = ("upload",)
    actions_detail = ("read_again",)

    def has_import_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Let those upload who have that right."""
        return request.user.has_perm("payments.import_file")

    def get_actions_detail(self, request: HttpRequest, object_id: int | str) -> list[Any]:
        """Offer nothing about what is not refused."""
        refused = FileImport.objects.filter(pk=object_id, state=FileState.REFUSED).exists()
        return super().get_actions_detail(request, object_id) if refused else []

    @action(description="Upload ...", url_path="upload", permissions=["import"])  # type: ignore[untyped-decorator]  # unfold's
    def upload(self, request: HttpRequest) -> HttpResponse:
        """Ask for a file, keep it, and have it read."""
        facts = [("Longest file", f"{settings.IMPORT_FILE_MAX_BYTES:,} bytes")]
        effect = (
            "The file is read in the background. Where a row of it is bad, nothing of it is imported. "
            "A file that is here already is the same import, and changes nothing."
        )
        back = reverse("admin:payments_fileimport_changelist")
        deed = Deed("Upload a settlement or a bank statement", facts, effect, "Upload it", back)

        def draw(sent: Any = None) -> UploadForm:
            return UploadForm(sent, request.FILES if sent is not None else None)

        def act(form: UploadForm) -> str:
            by, operation = request.user.get_username(), form.cleaned_data["operation"]
            file_id = receive_file(upload=form.upload(), by=by, operation=operation, now=datetime.now(UTC))
            wake("payments.import_file", file_id)
            return f"{form.cleaned_data['file'].name} is {file_id}."

        return ask(request, deed=deed, opts=self.opts, draw=draw, act=act)

    @action(description="Read again ...", url_path="read-again", permissions=["import"])  # type: ignore[untyped-decorator]  # unfold's
    def read_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Have a refused file read again."""
        file = get_object_or_404(FileImport, pk=object_id)
        facts = [("File", f"{file.name}, {file.public_id}"), ("Refused", file.failure or f"{file.rows_bad} bad rows")]
        effect = "It is read from its beginning, by the mapping as it is now."
        back = reverse("admin:payments_fileimport_change", args=[file.pk])

        def act(_form: DeedForm) -> str:
            content = bytes(FileContent.objects.get(file=file).content)
            upload = Upload(FileKind(file.kind), file.account, file.name, content, str(file.format.get("mapping", "")))
            receive_file(upload=upload, by=request.user.get_username(), now=datetime.now(UTC))
            wake("payments.import_file", file.public_id)
            return f"{file.public_id} is being read again."

        return ask(
            request,
            deed=Deed("Read the file again", facts, effect, "Read it", back),
            opts=self.opts,
            draw=DeedForm,
            act=act,
        )

    @labelled(description="state", ordering="state", labels=LABELS)
    def stands(self, file: FileImport) -> str:
        """Return the state, to be seen at once."""
        return file.state

    @admin.display(description="rows")
    def progress(self, file: FileImport) -> str:
        """Say how far it is."""
        if file.state == FileState.APPLIED:
            return f"{file.rows_new} new, {file.rows_known} known, {file.rows_skipped} passed over"
        return f"{file.rows_read} read"

    @admin.display(description="Bad rows")
    def bad_rows(self, file: FileImport) -> str:
        """List the first of them, each with its line, field and reason."""
        bad = file.rows.exclude(reason="").order_by("number")[:BAD_ROWS_SHOWN]
        rows = format_html_join("", "<li>line {}: {} {}</li>", ((row.line, row.field, row.reason) for row in bad))
        return format_html("<ul>{}</ul>", rows) if rows else "-"

    @admin.display(description="Rows")
    def rows_link(self, file: FileImport) -> str:
        """Lead to what was read."""
        address = f"{reverse('admin:payments_filerow_changelist')}?{urlencode({'file__id__exact': file.pk})}"
        return format_html('<a class="underline" href="{}">What was read in it</a>', address)


@admin.register(FileRow)
class FileRowAdmin(ReadOnly, ModelAdmin):
    """What stands in each row, and what it says."""

    when_empty = "Rows come here with the files that are uploaded, as they stand there."
    list_display = ("file", "line", "field", "reason", "raw")
    list_filter = (("reason", admin.EmptyFieldListFilter),)
    list_select_related = ("file",)
    search_fields = ("file__public_id", "field", "reason")
    ordering = ("-file", "number")
    raw_id_fields = ("file",)

    def lookup_allowed(self, lookup: str, value: str, request: object = None) -> bool:
        """Let a file's page link to its rows."""
        return lookup == "file__id__exact" or super().lookup_allowed(lookup, value, request)


class CsvMappingForm(forms.ModelForm):  # type: ignore[type-arg]  # generic to the type checker only
    """A mapping that can be read by."""

    class Meta:
        model = CsvMapping
        fields = "__all__"  # noqa: DJ007 - all of it is for people

    def clean_fixed_currency(self) -> str:
        """Write it as it is compared."""
        return str(self.cleaned_data["fixed_currency"]).upper()


@admin.register(CsvMapping)
class CsvMappingAdmin(ModelAdmin):
    """How banks write their statements as CSV."""

    when_empty = "A mapping says how a bank writes its statements as CSV. Add one per bank before you upload its files."
    form = CsvMappingForm
    list_display = ("name", "delimiter", "decimal", "date_format", "booked_on", "amount", "credit", "debit")
    search_fields = ("name",)
    ordering = ("name",)
