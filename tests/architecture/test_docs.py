"""The pages link to what exists."""

import re
from pathlib import Path

import pytest

from tests.architecture.tree import kept_files, named

LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)


def pages() -> list[Path]:
    return kept_files("*.md")


def anchors(page: Path) -> set[str]:
    """The names that a reader's browser gives to this page's headings."""
    headings = (match["text"] for match in HEADING.finditer(page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text())]

    dead = []
    for target in targets:
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            dead.append(target)

    assert dead == []


def test_every_page_can_be_found_from_the_index() -> None:
    """A page that nothing links to is not read."""
    linked = {
        (page.parent / match["target"].partition("#")[0]).resolve()
        for page in pages()
        for match in LINK.finditer(page.read_text())
        if "://" not in match["target"]
    }

    assert {named(page) for page in pages() if page.name != "README.md"} <= {
        named(page) for page in pages() if page in linked
    }
