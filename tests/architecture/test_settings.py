"""Environment variables are read in one place. tests/config/test_settings_docs.py holds that place to its page."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import PACKAGES, kept_files, named

# The settings, and what runs before there are any: commands choose the servers that the settings then read about.
READERS = ("config/settings/", "config/environment.py", "config/logs.py", "config/services/", "config/management/")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
# Standards of other people, explained in their own documents.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "PATH", "XDG_RUNTIME_DIR"}


def sources() -> list[Path]:
    return kept_files(*(f"{package}/**.py" for package in PACKAGES))


def variables_read(path: Path) -> set[str]:
    """The names in ``env.TYPE("NAME", ...)``, ``os.environ.get("NAME")`` and ``os.environ["NAME"]``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="env")), args=[ast.Constant(value=str() as name), *_]):
                found.add(name)
            case ast.Call(func=ast.Attribute(value=owner, attr="get"), args=[ast.Constant(value=str() as name), *_]):
                found |= {name} if _is_environ(owner) else set()
            case ast.Subscript(value=owner, slice=ast.Constant(value=str() as name), ctx=ast.Load()):
                found |= {name} if _is_environ(owner) else set()
    return {name for name in found if VARIABLE.fullmatch(name)} - NOT_OURS


def _is_environ(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "environ"


def test_nobody_else_reads_the_environment() -> None:
    readers = [named(path) for path in sources() if not named(path).startswith(READERS) and variables_read(path)]

    assert readers == []
