"""The change feeds that were started on this database."""

from django.db import models
from django.db.models.functions import Now


class ChangeFeed(models.Model):
    """A slot, and since when its positions count: a sink with another epoch is not this feed's.

    ``system`` names the server and its history, so that a database restored from a backup is known as another one.
    Written by ``manage.py changefeed`` alone.
    """

    slot = models.CharField(max_length=63, primary_key=True)
    epoch = models.UUIDField()
    system = models.CharField(max_length=40)
    started_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.slot
