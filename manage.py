#!/usr/bin/env python
"""Tally's command line."""

import os
import sys
from pathlib import Path


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config.services.command_database import command_database

    with command_database(sys.argv[1:], root=Path(__file__).resolve().parent):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
