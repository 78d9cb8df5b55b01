"""People upload files and see what became of them; only who may."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from payments.import_file import import_file
from payments.models import CsvMapping, FileImport
from payments.states import FileKind
from tests.factories import NOW
from tests.payments.statements.camt_files import entry, statement
from tests.payments.statements.uploads import bank_csv, imported, mapping
from tests.payments.test_unknown_admin import person

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # Of the admin's theme, which is not ours to mend.
    pytest.mark.filterwarnings("ignore:Overriding get_action_choices"),
]

LIST = "/admin/payments/fileimport/"
UPLOAD = f"{LIST}upload/"


@pytest.fixture
def ann() -> Client:
    return person("ann", "view_fileimport", "view_filerow", "import_file")


def sent(content: bytes = b"", kind: str = "camt053", **changes: str) -> dict[str, object]:
    file = SimpleUploadedFile("<b>.xml", content or statement(entry()))
    return {"operation": str(uuid4()), "kind": kind, "account": "main", "mapping": "", "file": file, **changes}


def test_an_upload_is_kept_once_and_shown_with_its_progress(ann: Client) -> None:
    assert "The same file twice" in ann.get(LIST).content.decode()
    assert 'enctype="multipart/form-data"' in ann.get(UPLOAD).content.decode()
    for _ in range(2):
        assert ann.post(UPLOAD, sent()).status_code == 302
    file = FileImport.objects.get()
    assert (file.name, file.uploaded_by, file.state) == ("<b>.xml", "ann", "received")
    import_file(file_id=file.public_id, pages=9, now=NOW)
    shown = ann.get(f"{LIST}{file.pk}/change/").content.decode()
    assert "1 new, 0 known, 0 passed over" in shown
    assert "<b>.xml" not in shown
    assert "read-again" not in shown


def test_bad_rows_are_listed_and_the_file_is_read_again(ann: Client) -> None:
    mapping(date_format="%d.%m.%Y")
    file = imported(bank_csv("1,2026-11-27,60.28,<script>"), FileKind.BANK_CSV)
    page = f"{LIST}{file.pk}"
    shown = ann.get(f"{page}/change/").content.decode()
    assert "line 2: day &#x27;2026-11-27&#x27; is no date like %d.%m.%Y" in shown
    assert (
        "<script>"
        not in ann.get(f"/admin/payments/filerow/?file__id__exact={file.pk}").content.decode().split("<main")[-1]
    )
    CsvMapping.objects.update(date_format="%Y-%m-%d")
    assert "1 bad rows" in ann.get(f"{page}/read-again/").content.decode()
    assert ann.post(f"{page}/read-again/", {"operation": str(uuid4())}).status_code == 302
    file.refresh_from_db()
    assert (file.state, file.rows_bad) == ("received", 0)


@override_settings(IMPORT_FILE_MAX_BYTES=10)
def test_what_is_refused_at_the_door_says_why(ann: Client) -> None:
    assert "at most 10 bytes" in ann.post(UPLOAD, sent()).content.decode()
    answer = ann.post(UPLOAD, sent(b"x", "bank_csv")).content.decode()
    assert "There is no CSV mapping" in answer
    assert FileImport.objects.count() == 0


def test_who_may_only_look_uploads_nothing() -> None:
    bob = person("bob", "view_fileimport")
    assert UPLOAD not in bob.get(LIST).content.decode()
    assert bob.get(UPLOAD).status_code == 403
    assert bob.post(UPLOAD, sent()).status_code == 403
    assert FileImport.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"amount": "Betrag", "credit": "Haben"}, "Name the column of a signed amount"),
        ({"amount": ""}, "Name the column of a signed amount"),
        ({"currency": "Waehrung", "fixed_currency": "EUR"}, "Name the column of the currency"),
        ({"delimiter": "x"}, "one of"),
    ],
)
def test_a_mapping_that_cannot_be_read_by_is_refused(changes: dict[str, str], why: str) -> None:
    ann = person("ann", "view_csvmapping", "add_csvmapping")
    told = {
        "name": "house",
        "delimiter": ";",
        "encoding": "utf-8-sig",
        "skip_lines": "0",
        "decimal": ",",
        "date_format": "%d.%m.%Y",
        "booked_on": "Tag",
        "amount": "Betrag",
        "fixed_currency": "eur",
    }
    assert why in ann.post("/admin/payments/csvmapping/add/", {**told, **changes}).content.decode()
    assert ann.post("/admin/payments/csvmapping/add/", told).status_code == 302
    assert CsvMapping.objects.get().fixed_currency == "EUR"
