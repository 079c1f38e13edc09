#!/usr/bin/env python
"""Command line of the portal: every change made through it is recorded with origin `command`."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    from django.core.management import execute_from_command_line

    from itsm.core import context

    with context.use(origin=context.COMMAND):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
