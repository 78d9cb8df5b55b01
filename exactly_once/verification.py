"""The form in which every package reports what it has verified."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

SHOWN = 5  # names of what is wrong: enough to start looking


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One invariant: its name in words, whether it holds, over how many things, and what breaks it."""

    name: str
    passed: bool
    checked: int
    detail: str

    @classmethod
    def of(cls, name: str, checked: int, wrong: Sequence[object]) -> Self:
        """Build a result from what was found wrong."""
        shown = ", ".join(str(one) for one in wrong[:SHOWN])
        return cls(name=name, passed=not wrong, checked=checked, detail=f"{len(wrong)} wrong: {shown}" if wrong else "")
