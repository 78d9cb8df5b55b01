import re
from pathlib import Path

from config.environment import RULES

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_variable_that_production_requires_is_marked_as_required() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    marked = set(re.findall(r"^\| `([A-Z_]+)` \| [^|]* \| \*\*Required\.\*\*", page, re.MULTILINE))

    assert marked == {rule.variable for rule in RULES if not rule.optional}
