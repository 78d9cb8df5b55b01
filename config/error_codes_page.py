"""The page that every problem document's ``type`` points at: docs/errors.md, one anchor per code."""

from functools import cache
from itertools import pairwise

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt


@require_safe
def error_codes(request: HttpRequest) -> HttpResponse:
    """Explain every stable error code."""
    return render(request, "pages/document.html", {"title": "Error codes", "document": _document()})


@cache
def _document() -> SafeString:
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse((settings.BASE_DIR / "docs" / "errors.md").read_text(encoding="utf-8"))
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", text.content)
    page: str = markdown.renderer.render(tokens, markdown.options, {})
    return mark_safe(page)  # noqa: S308 - our own file, not input
