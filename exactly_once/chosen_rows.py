"""Which rows a request to the admin is about. Beside the admin, whose modules need it to be there already."""

from django import forms
from django.http import HttpRequest

# The keys of all that fitted the filters when the page was drawn; set on the request by whoever looked them up.
SEEN = "seen"


def acts_on_all(request: HttpRequest) -> bool:
    """Return whether all that fit the filters are meant, as Django's own form reads it."""
    return bool(forms.BooleanField(required=False).to_python(request.POST.get("select_across", "0")))
