"""docs/add-a-psp.md shows the entry of the settings as it is."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_entry_that_is_shown_is_the_one_that_is_there() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "add-a-psp.md").read_text(), re.DOTALL)

    assert textwrap.indent(shown, "    ") in (ROOT / "config" / "settings" / "domain.py").read_text()


def test_what_it_points_at_is_there() -> None:
    folder = ROOT / "docs"
    links = re.findall(r"\]\(([^)#]+)", (folder / "add-a-psp.md").read_text())

    assert [link for link in links if not (folder / link).exists()] == []
