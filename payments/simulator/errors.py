"""The error answers of a simulated PSP."""

from payments.simulator.store import Document


class ApiError(Exception):
    """An error answer: its HTTP status and its body, in the PSP's own form."""

    def __init__(self, status: int, body: Document) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
