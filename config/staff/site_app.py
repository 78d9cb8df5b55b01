"""Django's admin, with our site instead of Django's."""

from django.contrib.admin.apps import AdminConfig


class SiteConfig(AdminConfig):
    """Named in INSTALLED_APPS."""

    default_site = "config.staff.site.StaffSite"
