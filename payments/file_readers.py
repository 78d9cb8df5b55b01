"""Which reader reads a file, and what its rows say as columns."""

from collections.abc import Iterator

from django.conf import settings

from payments.keep_lines import columns_of
from payments.models import FileImport
from payments.psp import adyen_report
from payments.statements import bank_csv, camt
from payments.statements.rows import BadField, BadRow, GoodRow, Rows, SkippedRow, UnreadableFile
from payments.states import FileKind


def rows_of(*, file: FileImport, content: bytes) -> tuple[str, Rows]:
    """Return the number of the bank account that a statement names (otherwise nothing), and the file's rows.

    :raises UnreadableFile: it is no such file; also while its rows are read.
    """
    match FileKind(file.kind):
        case FileKind.ADYEN_SETTLEMENT:
            return "", _adyen(file.account, content)
        case FileKind.CAMT053:
            return camt.read(content)
        case FileKind.BANK_CSV:
            told = file.format["columns"]
            form = bank_csv.Format(**{**told, "references": tuple(told["references"])})
            return "", bank_csv.read(content, form=form)


def _adyen(account: str, content: bytes) -> Rows:
    merchant = settings.PSP_ACCOUNTS["adyen"][account]["merchant_account"]
    yield from _of_merchant(content, merchant)


def _of_merchant(content: bytes, merchant: str) -> Iterator[GoodRow | BadRow | SkippedRow]:
    ours = False
    for line, row, told in adyen_report.read(content, merchant_account=merchant):
        ours = ours or told is not None
        if told is None:
            yield SkippedRow(line)
            continue
        raw = {str(name): _plain(value) for name, value in row.items()}
        if isinstance(told, BadField):
            yield BadRow(line, raw, told.name, told.reason)
        else:
            yield GoodRow(line, raw, columns_of(told))
    if not ours:
        raise UnreadableFile(f"None of its rows is of the merchant account {merchant}.")


def _plain(value: object) -> object:
    return value.replace("\0", "") if isinstance(value, str) else value
