from django.apps import AppConfig
from django.conf import settings


class TallyConfig(AppConfig):
    """The top of the house: commands, templates, and the wiring between packages."""

    name = "config"

    def ready(self) -> None:
        # Importing config.celery makes it the application of every shared task, in the web processes too.
        from config import celery, wiring  # noqa: F401

        wiring.connect()
        if settings.TRACING:
            from config.tracing.install import install

            install()
