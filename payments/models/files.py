"""Files that people upload, and what was read in them."""

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from exactly_once.append_only import append_only
from exactly_once.final import final
from exactly_once.fixed import fixed
from payments.file_states import FILE
from payments.file_triggers import kept_once_applied
from payments.models.rows import one_of
from payments.states import FileKind, FileState

_SAYS = ("public_id", "kind", "account", "sha256", "name", "size_bytes", "uploaded_by", "uploaded_at", "operation")
_COUNTS = ("rows_read", "rows_skipped", "rows_bad", "rows_new", "rows_known", "of_account", "format", "ended_at")


class CsvMapping(models.Model):
    """How a bank writes its statements as CSV: each column by its name in the header."""

    name = models.CharField(max_length=64, unique=True)
    delimiter = models.CharField(
        max_length=1, default=";", validators=[RegexValidator(r"[,;|\t:]", "one of , ; | : or a tab")]
    )
    encoding = models.CharField(
        max_length=16,
        default="utf-8-sig",
        choices=[
            ("utf-8-sig", "UTF-8"),
            ("iso-8859-1", "ISO 8859-1"),
            ("windows-1252", "Windows-1252"),
            ("utf-16", "UTF-16"),
        ],
    )
    skip_lines = models.PositiveSmallIntegerField("lines above the header", default=0)
    decimal = models.CharField("decimal sign", max_length=1, default=",", choices=[(",", ","), (".", ".")])
    date_format = models.CharField(max_length=32, default="%d.%m.%Y", help_text="Such as %d.%m.%Y or %Y-%m-%d.")
    booked_on = models.CharField("booking date", max_length=64)
    value_on = models.CharField("value date", max_length=64, blank=True)
    amount = models.CharField(
        max_length=64, blank=True, help_text="A signed amount; otherwise name both of the next two."
    )
    credit = models.CharField("what came", max_length=64, blank=True)
    debit = models.CharField("what went", max_length=64, blank=True)
    currency = models.CharField("currency's column", max_length=64, blank=True)
    fixed_currency = models.CharField("or the currency", max_length=3, blank=True)
    bank_reference = models.CharField(
        "bank's reference", max_length=64, blank=True, help_text="Its own name for an entry, where each has another."
    )
    end_to_end_id = models.CharField("end-to-end id", max_length=64, blank=True)
    references = models.CharField(
        "what it is about", max_length=400, blank=True, help_text="One or more columns, with | in between."
    )
    counterparty = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "CSV mapping"
        constraints = [
            models.CheckConstraint(
                name="payment_csv_mapping_amount",
                condition=(~Q(amount="") & Q(credit="", debit="")) | (Q(amount="") & ~Q(credit="") & ~Q(debit="")),
                violation_error_message="Name the column of a signed amount, or those of what came and what went.",
            ),
            models.CheckConstraint(
                name="payment_csv_mapping_currency",
                condition=(~Q(currency="") & Q(fixed_currency="")) | (Q(currency="") & ~Q(fixed_currency="")),
                violation_error_message="Name the column of the currency, or the currency.",
            ),
            models.CheckConstraint(
                name="payment_csv_mapping_signs",
                condition=Q(decimal__in=[",", "."]) & ~Q(delimiter=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FileImport(models.Model):
    """A file, what it is said to be, and how far it is read."""

    public_id = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=32)
    # Of a settlement the PSP account, of a statement the bank account, as our settings call it.
    account = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.BigIntegerField()
    uploaded_by = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField()
    # Minted when the form was drawn.
    operation = models.UUIDField(unique=True, default=uuid.uuid4)
    # The mapping as it was when the reading began.
    format = models.JSONField(default=dict, blank=True)
    # The number of the account that a statement names.
    of_account = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=32, default=FileState.RECEIVED)
    # How many rows are read, and what came of them.
    rows_read = models.IntegerField(default=0)
    rows_skipped = models.IntegerField(default=0)
    rows_bad = models.IntegerField(default=0)
    rows_new = models.IntegerField(default=0)
    rows_known = models.IntegerField(default=0)
    # Why the file as a whole is refused.
    failure = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("import_file", "upload settlements and bank statements, and have them read again")]
        constraints = [
            models.UniqueConstraint(name="payment_file_once", fields=["kind", "account", "sha256"]),
            models.CheckConstraint(name="payment_file_kind_known", condition=one_of(FileKind, field="kind")),
            models.CheckConstraint(name="payment_file_state_known", condition=one_of(FileState)),
            models.CheckConstraint(
                name="payment_file_counts",
                condition=Q(rows_skipped__gte=0, rows_bad__gte=0, rows_new__gte=0, rows_known__gte=0)
                & Q(rows_read__gte=F("rows_skipped") + F("rows_bad") + F("rows_new") + F("rows_known")),
            ),
            # Whole, or not at all.
            models.CheckConstraint(
                name="payment_file_whole",
                condition=Q(state=FileState.RECEIVED, rows_new=0, rows_known=0, ended_at=None, failure="")
                | Q(state=FileState.READ, rows_bad=0, rows_new=0, rows_known=0, ended_at=None, failure="")
                | (
                    Q(state=FileState.REFUSED, rows_new=0, rows_known=0, ended_at__isnull=False)
                    & (Q(rows_bad__gt=0) | ~Q(failure=""))
                )
                | Q(
                    state=FileState.APPLIED,
                    rows_bad=0,
                    failure="",
                    ended_at__isnull=False,
                    rows_read=F("rows_skipped") + F("rows_new") + F("rows_known"),
                ),
            ),
        ]
        indexes = [
            models.Index(
                name="payment_file_due",
                fields=["uploaded_at"],
                condition=Q(state__in=[str(FileState.RECEIVED), str(FileState.READ)]),
            )
        ]
        triggers = [FILE.trigger(constraint="payment_file_follows_table"), fixed(columns=_SAYS)]
        triggers += [final(state="applied", columns=_COUNTS)]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"


class FileContent(models.Model):
    """The file's bytes, as they came."""

    file = models.OneToOneField(FileImport, on_delete=models.PROTECT, related_name="content")
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        triggers = [append_only()]

    def __str__(self) -> str:
        return str(self.file)


class FileRow(models.Model):
    """A row of a file: what stands there, and what it says, or why it is not understood."""

    file = models.ForeignKey(FileImport, on_delete=models.PROTECT, related_name="rows", db_index=False)
    number = models.IntegerField()
    line = models.IntegerField()
    raw = models.JSONField(default=dict)
    # As columns of the table that it goes into.
    says = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    field = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="payment_file_row_once", fields=["file", "number"]),
            models.CheckConstraint(
                name="payment_file_row_good_or_bad",
                condition=Q(says__isnull=False, field="", reason="") | (Q(says__isnull=True) & ~Q(reason="")),
            ),
        ]
        triggers = [kept_once_applied()]

    def __str__(self) -> str:
        return f"line {self.line}"
