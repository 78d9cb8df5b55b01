"""Make the source whose events the benchmark sends. Run as a program, as the application."""

import django

SOURCE = "bench"

if __name__ == "__main__":
    django.setup()

    from exactly_once.models import EventSource

    EventSource.objects.create(name=SOURCE)
