from django.apps import AppConfig


class ExactlyOnceConfig(AppConfig):
    name = "exactly_once"
    verbose_name = "Exactly once"
    default_auto_field = "django.db.models.BigAutoField"
