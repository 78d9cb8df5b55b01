"""Which states of an uploaded file follow which: a table, as those in state_machines.py."""

from exactly_once.state_machine import StateMachine
from payments.states import FileState

F = FileState

FILE = StateMachine(
    name="File import",
    purpose="A file of settlement lines or of bank lines that people upload: taken whole, or not at all.",
    begins={F.RECEIVED: "uploaded"},
    transitions={
        F.RECEIVED: {F.READ: "every row is understood", F.REFUSED: "it is no such file, or has bad rows"},
        F.READ: {F.APPLIED: "all of it, in one commit", F.REFUSED: "it denies what an earlier file said"},
        F.REFUSED: {F.RECEIVED: "read again, such as by another mapping"},
        F.APPLIED: {},
    },
    notes="""Rows are read page by page, each page in a commit of its own with how far that is: a reading that was
killed goes on. Nothing of them counts until all are applied. A file is known by its SHA-256, for an account: uploaded
again it is the same import.""",
)
