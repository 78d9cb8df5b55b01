"""docs/errors.md lists exactly the error codes that the code can raise."""

import re
from fnmatch import fnmatchcase

from tests.architecture.error_codes import codes_raised
from tests.architecture.tree import PACKAGES, ROOT, kept_files

PAGE = (ROOT / "docs/errors.md").read_text()
HEADING = re.compile(r"^### (?P<code>[a-z][a-z0-9_]*)$", re.MULTILINE)
ROW = re.compile(r"^\| `(?P<code>[a-z][a-z0-9_]*)` \|", re.MULTILINE)
# Rules of a field that Django REST framework checks for us; no code of ours names them.
OF_THE_FRAMEWORK = {
    "blank",
    "empty",
    "invalid",
    "invalid_choice",
    "max_length",
    "max_string_length",
    "max_value",
    "min_value",
    "not_a_dict",
    "not_a_list",
    "null",
    "null_characters_not_allowed",
    "required",
}


def raised() -> set[str]:
    files = kept_files(*(f"{package}/**.py" for package in PACKAGES))
    simulator = ROOT / "payments/simulator"
    return {code for path in files if simulator not in path.parents for code in codes_raised(path)}


def explained() -> list[str]:
    return [match["code"] for pattern in (HEADING, ROW) for match in pattern.finditer(PAGE)]


def test_every_code_is_explained() -> None:
    missing = {code for code in raised() if not any(fnmatchcase(known, code) for known in explained())}

    assert missing == set()


def test_every_explained_code_exists() -> None:
    patterns = raised() | OF_THE_FRAMEWORK

    assert {code for code in explained() if not any(fnmatchcase(code, pattern) for pattern in patterns)} == set()


def test_no_code_is_explained_twice() -> None:
    assert sorted(explained()) == sorted(set(explained()))
