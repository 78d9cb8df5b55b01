from django.apps import AppConfig


class TallyConfig(AppConfig):
    """The top of the house: commands, templates, and the wiring between packages."""

    name = "config"

    def ready(self) -> None:
        from config import wiring

        wiring.connect()
