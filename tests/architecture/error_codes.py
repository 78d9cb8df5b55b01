"""Finds the error codes that the code can raise, by reading it.

A code is a snake_case word that stands where codes stand: in ``code=``, before its sentence (``"out_of_stock", "Not
enough ..."``), in ``self.fail("...")``, as a key of ``default_error_messages``, as a value of a ``..._CODE_OF`` table.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

WORD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
SENTENCE = re.compile(r"[A-Z*].* .*", re.DOTALL)


@cache
def codes_raised(path: Path) -> set[str]:
    """Return the codes of one file. A part that is filled in at run time shows as ``*``: ``session_*``."""
    found = {code for node in ast.walk(ast.parse(path.read_text())) for code in _codes(node)}
    return {code for code in found if WORD.fullmatch(code.replace("*", "x"))}


def _codes(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Attribute(attr="fail"), args=[code, *_]):
            yield from _texts(code)
        case ast.Call(func=ast.Attribute(attr="get")):
            return  # a look-up with a default
        case ast.Call(func=ast.Name(id="StoryItem")):
            return  # a kind of thing, and what happened to it
        case ast.Call(args=parts) | ast.Tuple(elts=parts):
            yield from _before_a_sentence(parts)
        case ast.keyword(arg="code", value=code):
            yield from _texts(code)
        case ast.Assign(targets=[ast.Name(id="default_error_messages")], value=ast.Dict(keys=keys)):
            yield from (text for key in keys if key is not None for text in _texts(key))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=codes)) if name.endswith("_CODE_OF"):
            yield from (text for code in codes for text in _texts(code))


def _before_a_sentence(parts: list[ast.expr]) -> Iterator[str]:
    for code, sentence in pairwise(parts):
        if any(SENTENCE.fullmatch(text) for text in _texts(sentence)):
            yield from _texts(code)


def _texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
