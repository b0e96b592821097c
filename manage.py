#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "workshop.settings")
    from django.core.management import execute_from_command_line

    from workshop.lib.correlation import caused_by, of_command

    with caused_by(of_command(sys.argv[1:]), channel="system"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
