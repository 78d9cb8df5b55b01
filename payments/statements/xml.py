"""XML of strangers as a stream of small trees: no document type, no entities, nothing fetched, bounded in depth."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import override
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

import defusedxml.sax
from defusedxml import DefusedXmlException

from payments.statements.rows import UnreadableFile

# A bank statement is a dozen deep; what nests for ever is an attack.
MAX_DEPTH = 64


@dataclass(slots=True)
class Node:
    """An element, without its name space."""

    name: str
    line: int
    attributes: dict[str, str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def every(self, path: str) -> Iterator["Node"]:
        """Return what is under ``path`` (``A/B``); ``**/B``: wherever it is."""
        head, _, rest = path.partition("/")
        if head == "**":
            yield from (each for each in self.walk() if each.name == rest)
            return
        for child in self.children:
            if child.name == head:
                yield from child.every(rest) if rest else (child,)

    def first(self, *paths: str) -> "Node | None":
        """Return the first thing that is under one of the paths."""
        return next((found for path in paths for found in self.every(path)), None)

    def said(self, *paths: str) -> str:
        """Return the first thing's text; empty where there is none."""
        found = self.first(*paths)
        return "" if found is None else found.text.strip()

    def walk(self) -> Iterator["Node"]:
        """Return all that is below."""
        waiting = self.children[::-1]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.children[::-1]


class _Handler(ContentHandler):
    """Hands each element that is asked for to ``take``, as a tree, and forgets it."""

    def __init__(self, take: Callable[[Node], None], wanted: Collection[str]) -> None:
        super().__init__()
        self._take, self._wanted = take, frozenset(wanted)
        self._open: list[Node] = []
        self._depth = 0
        self._locator: Locator | None = None

    @override
    def setDocumentLocator(self, locator: Locator) -> None:
        self._locator = locator

    @override
    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise UnreadableFile(f"It nests deeper than {MAX_DEPTH} elements.")
        line = self._locator.getLineNumber() if self._locator is not None else None
        node = Node(name.rpartition(":")[2], line or 0, dict(attrs.items()))
        if self._depth == 1:
            self._take(node)
        elif self._open:
            self._open[-1].children.append(node)
            self._open.append(node)
        elif node.name in self._wanted:
            self._open.append(node)

    @override
    def characters(self, content: str) -> None:
        if self._open:
            self._open[-1].text += content

    @override
    def endElement(self, name: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self._take(node)


def trees(content: bytes, *, take: Callable[[Node], None], wanted: Collection[str]) -> None:
    """Hand the root, still empty, and then each outermost element of these names to ``take``, in the file's order.

    :raises UnreadableFile: it is no XML, or has a document type.
    """
    try:
        defusedxml.sax.parseString(content, _Handler(take, wanted), forbid_dtd=True)
    except SAXParseException as error:
        where = f"line {error.getLineNumber()}"
        raise UnreadableFile(f"It is no well-formed XML: {where}: {error.getMessage()}.") from error
    except DefusedXmlException as error:
        raise UnreadableFile("It has a document type: a bank statement has none.") from error
    except (SAXException, ValueError, LookupError) as error:
        raise UnreadableFile(f"It is no readable XML: {error}.") from error
