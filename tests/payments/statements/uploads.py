"""Files that tests upload."""

from payments.import_file import import_file
from payments.models import CsvMapping, FileImport
from payments.receive_file import Upload, receive_file
from payments.states import FileKind
from tests.factories import NOW

CSV_HEADER = "nr,day,amount,text\n"


def mapping(name: str = "house", **changes: str) -> CsvMapping:
    """Make a mapping for files of ``CSV_HEADER``."""
    told = {
        "delimiter": ",",
        "decimal": ".",
        "date_format": "%Y-%m-%d",
        "booked_on": "day",
        "amount": "amount",
        "fixed_currency": "EUR",
        "bank_reference": "nr",
        "references": "text",
    }
    return CsvMapping.objects.create(name=name, **{**told, **changes})


def bank_csv(*rows: str) -> bytes:
    return (CSV_HEADER + "".join(f"{row}\n" for row in rows)).encode()


def upload(content: bytes, kind: FileKind = FileKind.CAMT053, *, account: str = "main", by: str = "ann") -> str:
    name = "house" if kind is FileKind.BANK_CSV else ""
    return receive_file(upload=Upload(kind, account, "file", content, name), by=by, now=NOW)


def imported(
    content: bytes, kind: FileKind = FileKind.CAMT053, *, account: str = "main", pages: int = 1000
) -> FileImport:
    """Upload a file and import it to its end."""
    file_id = upload(content, kind, account=account)
    while import_file(file_id=file_id, pages=pages, now=NOW).more:
        pass
    return FileImport.objects.get(public_id=file_id)


def bad_rows(file: FileImport) -> list[tuple[int, str, str]]:
    return list(file.rows.exclude(reason="").order_by("number").values_list("line", "field", "reason"))
