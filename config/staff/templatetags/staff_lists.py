"""What the lists' templates show: the way to a day."""

from typing import Any

from django import template

from config.staff.lists.days import ways

register = template.Library()


@register.inclusion_tag("admin/date_hierarchy.html")
def days_of_list(listed: Any) -> dict[str, Any]:
    """Return what the template draws: nothing where there is no row."""
    found = ways(listed)
    return {"show": False} if found is None else {"show": True, **found}
