#!/usr/bin/env python
"""Tally's command line."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Run one management command, with the servers that it needs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.services.command_needs import be_owner_where_needed, take_time

    arguments = sys.argv[1:]
    be_owner_where_needed(arguments, os.environ)
    with _servers(arguments):
        take_time(arguments, os.environ)
        execute_from_command_line(sys.argv)


def _servers(arguments: list[str]) -> AbstractContextManager[None]:
    from config.services.command_needs import Need, need_of

    need = need_of(arguments, os.environ)
    if need is Need.NOTHING:
        return nullcontext()
    from config.services.command_servers import servers

    return servers(need, root=ROOT)


if __name__ == "__main__":
    main()
