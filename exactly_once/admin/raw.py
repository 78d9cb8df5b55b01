"""Bytes and JSON as a person reads them."""

import json
from collections.abc import Mapping

from django.utils.html import format_html
from django.utils.safestring import SafeString


def preformatted(content: bytes | memoryview | Mapping[str, object] | None) -> SafeString | str:
    """Return the content as it came, escaped. JSON is indented; bytes that are no text show as escapes."""
    match content:
        case None:
            return "-"
        case Mapping():
            text = json.dumps(content, indent=2, ensure_ascii=False)
        case _:
            text = _readable(bytes(content).decode(errors="backslashreplace"))
    return format_html('<pre class="raw">{}</pre>', text)


def _readable(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
