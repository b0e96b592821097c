"""`manage.py runbot` as if on another machine: ``python -m tests.faults.runbot <host> [options]``.

Its leases then run out by themselves; here they would be free as soon as the process is dead.
"""

from __future__ import annotations

import socket
import sys


def main() -> None:
    host, *options = sys.argv[1:]
    socket.gethostname = lambda: host
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "runbot", *options])


if __name__ == "__main__":
    main()
