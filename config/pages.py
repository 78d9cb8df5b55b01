"""The page that says what Tally is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Say what this is and where to go."""
    return render(request, "pages/start.html")
