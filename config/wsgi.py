"""The WSGI entry point of the web server."""

import os
import re

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

_django = get_wsgi_application()

from config.body_length import ChunkedBodies  # noqa: E402 - it needs the loaded apps

_LEDGER_BATCHES = re.compile(r"/api/v1/ledger/books/[^/]+/transactions/batch")
_EVENT_BATCHES = re.compile(r"/api/v1/events/[^/]+/batch")

application = ChunkedBodies(
    _django,
    limit_bytes=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    longer={_LEDGER_BATCHES: settings.LEDGER_BATCH_MAX_BYTES, _EVENT_BATCHES: settings.EVENT_BATCH_MAX_BYTES},
)
