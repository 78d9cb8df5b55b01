"""Files that were imported."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from ledger.models.accounts import Book


class ImportRun(models.Model):
    """An import of one file into one book: how far it came. ``lines_done`` ends before the first refused batch."""

    RUNNING, DONE, REFUSED = "running", "done", "refused"

    book = models.ForeignKey(Book, on_delete=models.PROTECT, related_name="import_runs")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    format = models.CharField(max_length=16)
    lines_done = models.BigIntegerField(db_default=0)
    posted = models.BigIntegerField(db_default=0)
    replayed = models.BigIntegerField(db_default=0)
    refused = models.BigIntegerField(db_default=0)
    state = models.CharField(max_length=16, db_default=RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "ledger_import_run"
        constraints = [
            models.UniqueConstraint(name="ledger_import_run_file", fields=["book", "sha256"]),
            models.CheckConstraint(
                name="ledger_import_run_state_known", condition=Q(state__in=["running", "done", "refused"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} into {self.book}"
