"""Take a file that a person uploads: once, however often it is sent. Nothing of it is read yet."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError
from django_subatomic.db import savepoint, transaction

from exactly_once.public_ids import new_public_id
from exactly_once.retry import retry_on_conflict
from payments.errors import PaymentNotFound, PaymentRefused
from payments.locks import lock_file
from payments.models import CsvMapping, FileContent, FileImport
from payments.statements.bank_csv import Format
from payments.states import FileKind, FileState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, and what it is said to be.

    :param account: of a settlement the PSP account, of a statement the bank account, as the settings call it.
    :param mapping: the CSV mapping's name, for a statement that is one.
    """

    kind: FileKind
    account: str
    name: str
    content: bytes
    mapping: str = ""


@retry_on_conflict
@transaction
def receive_file(*, upload: Upload, by: str, now: datetime, operation: UUID | None = None) -> str:
    """Keep the file to be read; return its import's public id.

    The same file for the same account is the same import, whoever sends it: one that was refused is read again, by the
    mapping as it is now.

    :raises PaymentNotFound: ``psp_account_not_found``, ``bank_account_not_found``, ``csv_mapping_not_found``.
    :raises PaymentRefused: ``file_empty``, ``file_too_large``.
    """
    form = _checked(upload)
    sha256 = hashlib.sha256(upload.content).hexdigest()
    same = {"kind": upload.kind, "account": upload.account, "sha256": sha256}
    new = FileImport(
        **same,
        public_id=new_public_id("imp"),
        name=upload.name.replace("\0", "")[-255:] or "unnamed",
        size_bytes=len(upload.content),
        uploaded_by=by,
        uploaded_at=now,
        operation=operation or uuid4(),
        format=form,
    )
    try:
        with savepoint():
            new.save(force_insert=True)
    except IntegrityError:
        # payment_file_once: it was sent before, or is being sent at this moment by somebody else, too.
        return _again(FileImport.objects.get(**same), form)
    FileContent.objects.create(file=new, content=upload.content)
    log.info("file.received", file=new.public_id, kind=str(upload.kind), account=upload.account, by=by)
    return new.public_id


def _again(known: FileImport, form: dict[str, Any]) -> str:
    held = lock_file(file_id=known.public_id)
    if held.state == FileState.REFUSED:
        held.rows.all().delete()
        held.state, held.format, held.of_account, held.failure, held.ended_at = FileState.RECEIVED, form, "", "", None
        held.rows_read = held.rows_skipped = held.rows_bad = 0
        held.save()
        log.info("file.read_again", file=held.public_id)
    return held.public_id


def _checked(upload: Upload) -> dict[str, Any]:
    """Return the mapping that it is to be read by; none where it needs none."""
    if not upload.content:
        raise PaymentRefused(code="file_empty", detail="There is nothing in the file.")
    if len(upload.content) > settings.IMPORT_FILE_MAX_BYTES:
        most = settings.IMPORT_FILE_MAX_BYTES
        raise PaymentRefused(code="file_too_large", detail=f"A file has at most {most} bytes; split it by days.")
    if upload.kind is FileKind.ADYEN_SETTLEMENT:
        if upload.account not in settings.PSP_ACCOUNTS.get("adyen", {}):
            raise PaymentNotFound(
                code="psp_account_not_found", detail=f"There is no account {upload.account!r} at Adyen."
            )
    elif upload.account not in settings.BANK_ACCOUNTS:
        raise PaymentNotFound(code="bank_account_not_found", detail=f"There is no bank account {upload.account!r}.")
    if upload.kind is not FileKind.BANK_CSV:
        return {}
    return {"mapping": upload.mapping, "columns": asdict(format_of(name=upload.mapping))}


def format_of(*, name: str) -> Format:
    """Return a saved mapping.

    :raises PaymentNotFound: ``csv_mapping_not_found``.
    """
    row = CsvMapping.objects.filter(name=name).first()
    if row is None:
        raise PaymentNotFound(code="csv_mapping_not_found", detail=f"There is no CSV mapping {name!r}.")
    return Format(
        delimiter=row.delimiter,
        encoding=row.encoding,
        skip_lines=row.skip_lines,
        decimal=row.decimal,
        date_format=row.date_format,
        booked_on=row.booked_on,
        value_on=row.value_on,
        amount=row.amount,
        credit=row.credit,
        debit=row.debit,
        currency=row.currency,
        fixed_currency=row.fixed_currency,
        bank_reference=row.bank_reference,
        end_to_end_id=row.end_to_end_id,
        references=tuple(part.strip() for part in row.references.split("|") if part.strip()),
        counterparty=row.counterparty,
    )
