"""The error answers of a simulated PSP."""

from collections.abc import Mapping

from payments.simulator.store import Document


class ApiError(Exception):
    """An error answer: its HTTP status, body and headers, in the PSP's own form."""

    def __init__(self, status: int, body: Document, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})
