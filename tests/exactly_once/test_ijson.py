"""JSON's canonical form: what Python's encoder writes where we let it is what RFC 8785 says."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from exactly_once import ijson

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGERS = st.integers(-ijson.MAX_INTEGER, ijson.MAX_INTEGER)
FRACTIONS = st.floats(allow_nan=False, allow_infinity=False)


def documents(numbers: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.none(), st.booleans(), numbers, TEXTS)
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@given(documents(INTEGERS), st.booleans())
def test_the_quick_form_is_the_canonical_one(document: Any, ascii_only: bool) -> None:
    read = ijson.read(json.dumps(document, ensure_ascii=ascii_only).encode())

    assert read.data == document
    assert read.canonical(read.data) == rfc8785.dumps(document)


@given(documents(FRACTIONS))
def test_fractions_have_the_canonical_form(document: Any) -> None:
    read = ijson.read(json.dumps(document).encode())

    assert read.canonical(read.data) == rfc8785.dumps(document)


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b'{"b": 1, "a": "\\u00e9\\u007f\\u001f\\n/"}', '{"a":"é\x7f\\u001f\\n/","b":1}'),
        # U+1F600 is D83D DE00 in UTF-16, and so comes before U+FB33.
        ('{"\ufb33": 1, "\U0001f600": 2}'.encode(), '{"\U0001f600":2,"\ufb33":1}'),
        (b"[1.0, 1e-7, -0, -0.0, 100000000000000000000000.0]", "[1,1e-7,0,0,1e+23]"),
    ],
)
def test_documents_where_the_two_differ_have_the_canonical_form(body: bytes, canonical: str) -> None:
    read = ijson.read(body)

    assert read.canonical(read.data).decode() == canonical
