"""Columns whose words are seen at once."""

from collections.abc import Callable, Mapping
from typing import Any

from unfold.decorators import display


def labelled[Column: Callable[..., Any]](
    *, description: str, ordering: str, labels: Mapping[str, str]
) -> Callable[[Column], Column]:
    """Show a column's words as labels: success, warning, danger or info for each."""

    def decorate(column: Column) -> Column:
        shown: Column = display(column, description=description, ordering=ordering, label=dict(labels))
        return shown

    return decorate
